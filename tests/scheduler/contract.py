"""Writes the service's contract anew: `python -m tests.scheduler.contract`."""

from __future__ import annotations

import json
from pathlib import Path

from scheduler.web.app import contract

if __name__ == "__main__":
    text = json.dumps(contract(), indent=1, ensure_ascii=False) + "\n"
    Path(__file__).with_name("openapi.json").write_text(text, encoding="utf-8", newline="\n")
