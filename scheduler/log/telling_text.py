"""A logged decision in lines for a terminal."""

from __future__ import annotations

import textwrap

from engine.explain import WIDTH

from .telling import Told


def as_text(told: Told) -> str:
    """A decision as plain text."""
    blocks = [[_wrapped(told.headline, "", "  ")]]
    for section in told.sections:
        lines = [f"{section.title}:"]
        for item in section.items:
            lines.append(_wrapped(item.head, "  - ", "    "))
            lines += [_wrapped(line, "      ", "      ") for line in item.body]
        blocks.append(lines)
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _wrapped(text: str, first: str, rest: str) -> str:
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
