"""The two ends of the Rete engine's process that no test reaches through a process of its own."""

from __future__ import annotations

import os
import signal

import pytest

from engine import rete
from engine.rete import ReteEngine
from engine.situation import Answer
from tests.making import rule, rule_set, situation


def test_the_child_answers_on_a_copy_of_its_output(monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[tuple[int, int]] = []
    moved: list[tuple[int, int]] = []
    signals: list[tuple[int, object]] = []
    monkeypatch.setattr(rete.os, "dup", lambda one: one + 100)
    monkeypatch.setattr(rete.os, "dup2", lambda one, two: moved.append((one, two)))
    monkeypatch.setattr(rete.signal, "signal", lambda *given: signals.append(given))
    monkeypatch.setattr(rete, "serve", lambda *given: served.append(given))
    rete.main()
    assert served == [(0, 101)]
    assert moved == [(2, 1)]
    assert signals == [(signal.SIGINT, signal.SIG_IGN)]


def test_a_forked_process_leaves_its_parents_child_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = rule_set(rule())
    with ReteEngine([rules]) as engine:
        assert engine.decide("made", situation(rules)) == Answer(("an_act/a-rule",), ())
        child = engine._child
        assert child is not None
        with monkeypatch.context() as other:
            other.setattr(os, "getpid", lambda: -1)
            assert engine.decide("made", situation(rules)) == Answer(("an_act/a-rule",), ())
            assert engine._child is not child
            assert child.process.returncode == 0
            engine.close()
        # not killed by us, it ends because nobody writes to it any more
        assert os.waitpid(child.process.pid, 0)[1] == 0
