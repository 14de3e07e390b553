"""The second engine: its networks, its process, and what happens when that dies or hangs."""

from __future__ import annotations

import itertools
import os
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, overload

import pytest

from engine import rete, words
from engine.compiled import compile_rules
from engine.kinds import Body, Notice, Require, Window
from engine.network import MOST_FIELDS, MOST_RULES, Network, fact_writer, networks_of
from engine.rete import EngineFailure, ReteEngine
from engine.rule import AllOf, AnyOf, Ask, Entry, Rule
from engine.situation import Answer, Situation
from tests.making import LIMIT, WAIT, drawn_rules, drawn_situations, rule, rule_set, situation

ROOT = Path(__file__).resolve().parents[2]
PERMITS = Answer((), ())
ID = "an_act/a-rule"
A, B = Ask("ceased"), Ask("disputed")


def answers(one: Rule, asked: Sequence[dict[str, str]]) -> list[bool]:
    """Whether one rule refuses each of some situations (fields beside those of a plain call)."""
    rules = rule_set(one)
    with ReteEngine([rules]) as engine:
        found = engine.decide_many("made", [situation(rules, **fields) for fields in asked])
    return [answer == Answer((ID,), ()) for answer in found]


def gone(pid: int) -> bool:
    """Whether a process has ended within ten seconds."""
    waiting = threading.Event()
    for _ in range(1000):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if Path(f"/proc/{pid}/stat").exists():  # one that nobody waits for stays as a zombie
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            if state == "Z":
                return True
        waiting.wait(0.01)
    return False


# --- what it decides


@pytest.mark.parametrize("entry", [A, AllOf((A, B)), AnyOf((A, B)), AllOf(()), AnyOf(())])
def test_entries_by_kleenes_tables(entry: Entry) -> None:
    asked = [{"ceased": a, "disputed": b} for a, b in itertools.product(words.TRI, repeat=2)]
    for one in (rule(when=(entry, B)), rule(unless=(entry,), when=(B,)),
                rule(body=Require((entry, A, B)))):  # fmt: skip
        full = rule("all", when=(A, B), channels=frozenset({"web"}))
        rules = rule_set(one, full)
        with ReteEngine([rules]) as engine:
            given = [situation(rules, **fields) for fields in asked]
            assert engine.decide_many("made", given) == compile_rules(rules).decide_many(given)


@pytest.mark.parametrize("body", [LIMIT, WAIT, Window()])
def test_limits_waits_and_windows_refuse_unless_their_bit_is_no(body: Body) -> None:
    asked = [{"bit_a-rule": value} for value in ("no", "unknown", "yes")]
    assert answers(rule(body=body), asked) == [False, True, True]


def test_a_notice_attaches_its_duty_and_refuses_only_where_it_is_declared_unmet() -> None:
    rules = rule_set(rule(body=Notice("say_who_calls", "say who calls"), when=(A,)))
    duty = (("say_who_calls", ID),)
    with ReteEngine([rules]) as engine:
        assert engine.decide("made", situation(rules, ceased="yes")) == Answer((), duty)
        unmet = situation(rules, ceased="yes", **{"bit_a-rule": "yes"})
        assert engine.decide("made", unmet) == Answer((ID,), duty)
        assert engine.decide("made", situation(rules)) == PERMITS


@pytest.mark.parametrize("mark", [None, "electronic", "-electronic"])
@pytest.mark.parametrize("kinds", [("mobile",), ("email_work", "phone"), ()])
def test_channels_and_kinds_are_reached_as_the_rule_says(
    mark: str | None, kinds: tuple[str, ...]
) -> None:
    one = rule(channels=words.DEFAULT_CHANNELS, to=frozenset({*kinds, *([mark] if mark else [])}))
    asked = [
        {"channel": channel, "kind": kind}
        for channel in words.CHANNELS
        for kind in words.POINT_KINDS
    ]
    assert answers(one, asked) == [one.reaches(**fields) for fields in asked]


def test_whom_collectors_and_debts_narrow_the_scope() -> None:
    for field, scope in (("whom", "whom"), ("role", "collectors"), ("debt_type", "debts")):
        for allowed in (frozenset({"one"}), frozenset({"one", "two"}), frozenset[str]()):
            narrowed: Any = {scope: allowed}
            asked = [{field: value} for value in ("one", "two", "three")]
            expected = ["one" in allowed, "two" in allowed, False]
            assert answers(rule(**narrowed), asked) == expected


def test_a_rule_set_in_which_nothing_can_refuse_needs_no_process() -> None:
    for rules in (
        rule_set(),
        rule_set(rule(channels=frozenset())),
        rule_set(rule(when=(AnyOf(()),))),
    ):
        assert networks_of(rules) == ()
        with ReteEngine([rules]) as engine:
            assert engine.decide_many("made", [situation(rules)] * 2) == [PERMITS] * 2
            assert engine.decide_many("made", []) == []
            assert engine.pid is None


def test_every_rule_that_refuses_is_found_however_many_do() -> None:
    asks = [Ask(f"fact_{number}") for number in range(30)]
    several = [rule(f"r{number:03}", when=(asks[number % 30],)) for number in range(450)]
    rules = rule_set(*several)
    with ReteEngine([rules]) as engine:
        everything = dict.fromkeys((ask.fact for ask in asks), "yes")
        found = engine.decide_many("made", [situation(rules, **everything)] * 500)
        expected = Answer(tuple(f"an_act/r{number:03}" for number in range(450)), ())
        assert found == [expected] * 500
        assert engine.decide("made", situation(rules)) == PERMITS


def test_many_alternatives_of_one_rule_are_one_refusal() -> None:
    asks = [Ask(f"fact_{number}") for number in range(60)]
    wide = tuple(AnyOf(tuple(asks[start : start + 8])) for start in (0, 8, 16))
    rules = rule_set(rule(when=wide, unless=(AnyOf(tuple(asks[24:])),)))
    assert sum(len(network.ends) for network in networks_of(rules)) == 512
    with ReteEngine([rules]) as engine:
        everything = dict.fromkeys((ask.fact for ask in asks[:24]), "unknown")
        assert engine.decide("made", situation(rules, **everything)) == Answer((ID,), ())
        some = situation(rules, fact_1="yes", fact_9="yes", fact_17="yes")
        assert engine.decide("made", some) == Answer((ID,), ())
        assert engine.decide("made", some | {"fact_9": "no"}) == PERMITS
        assert engine.decide("made", some | {"fact_59": "yes"}) == PERMITS


def test_networks_stay_below_the_limits_of_the_engine() -> None:
    rules = drawn_rules(900, seed=3)
    networks = networks_of(rules)
    assert len(networks) > 2
    for network in networks:
        assert len(network.ends) <= MOST_RULES
        assert len(network.fields) <= MOST_FIELDS + 5
    asked = drawn_situations(rules, 60, seed=4)
    with ReteEngine([rules]) as engine:
        assert engine.decide_many(rules.name, asked) == compile_rules(rules).decide_many(asked)


def test_a_rule_that_asks_too_much_at_once_is_an_error() -> None:
    asks = tuple(Ask(f"fact_{number}") for number in range(MOST_FIELDS + 1))
    with pytest.raises(ValueError, match=f"{ID} asks more than {MOST_FIELDS} facts at once"):
        networks_of(rule_set(rule(when=asks)))


def test_a_fact_is_flat_and_carries_every_field_the_network_reads() -> None:
    rules = rule_set(rule(when=(A,), whom=frozenset({"consumer"})))
    (network,) = networks_of(rules)
    assert network.fields == ("channel", "whom", "ceased")
    write = fact_writer(network)
    assert write(situation(rules, ceased="yes")) == (
        '{"id":"f","sid":"0","z":"z","a0":"call","b0":"consumer","c0":"yes"}'
    )


def test_a_broken_network_shows_against_the_other_engine() -> None:
    rules = rule_set(rule("kept", when=(A,)), rule("dropped", when=(B,)))
    broken = rule_set(*rules.rules[:1])
    asked = [situation(rules, disputed="yes"), situation(rules)]
    with ReteEngine([broken]) as engine:
        first, second = compile_rules(rules).decide_many(asked), engine.decide_many("made", asked)
    assert first[0] != second[0]
    assert first[1] == second[1]


# --- what it is asked


def test_an_unknown_rule_set_is_an_error() -> None:
    with ReteEngine([]) as engine, pytest.raises(KeyError):
        engine.decide("made", {})


@pytest.mark.parametrize("field", ["channel", "ceased", "bit:a-rule"])
def test_a_field_left_out_is_an_error_and_the_engine_goes_on(field: str) -> None:
    rules = rule_set(rule(body=LIMIT, when=(A,)))
    asked = situation(rules)
    with ReteEngine([rules]) as engine:
        many = [asked] * 1000
        broken = {name: value for name, value in asked.items() if name != field}
        with pytest.raises(KeyError, match=field):
            engine.decide_many("made", [*many, broken])
        assert engine.decide_many("made", many) == [PERMITS] * 1000
        assert engine.deaths == 0


@pytest.mark.parametrize("value", ["maybe", "", 'no","b0":"yes', "YES"])
def test_a_fact_that_is_no_three_valued_word_is_an_error(value: str) -> None:
    rules = rule_set(rule(when=(A,)))
    with (
        ReteEngine([rules]) as engine,
        pytest.raises(ValueError, match="neither yes, no nor unknown: ceased"),
    ):
        engine.decide("made", situation(rules) | {"ceased": value})


@pytest.mark.parametrize("value", ["", 'call","b0":"yes', "two words", "\n"])
def test_a_scope_field_that_is_no_word_is_an_error(value: str) -> None:
    rules = rule_set(rule(when=(A,)))
    with ReteEngine([rules]) as engine, pytest.raises(ValueError, match="is no word"):
        engine.decide("made", situation(rules) | {"channel": value})


def test_a_rule_set_may_be_added_but_not_changed() -> None:
    rules = rule_set(rule(when=(A,)))
    with ReteEngine([rules]) as engine:
        asked = situation(rules, ceased="yes")
        assert engine.decide("made", asked) == Answer((ID,), ())
        pid = engine.pid
        engine.add(rules)
        engine.add(rule_set(rule(unless=(A,)), name="other"))
        assert engine.decide("other", asked) == PERMITS
        assert engine.decide("made", asked) == Answer((ID,), ())
        assert engine.pid == pid
        with pytest.raises(ValueError, match="rule set made cannot be changed"):
            engine.add(rule_set(rule(unless=(A,))))


def test_threads_may_share_it() -> None:
    rules = drawn_rules(20, seed=5)
    asked = drawn_situations(rules, 400, seed=6)
    expected = compile_rules(rules).decide_many(asked)
    wrong: list[int] = []
    with ReteEngine([rules]) as engine:

        def work(start: int) -> None:
            part = range(start, len(asked), 4)
            wrong.extend(at for at in part if engine.decide(rules.name, asked[at]) != expected[at])

        threads = [threading.Thread(target=work, args=(start,)) for start in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


# --- its process


class Watched(Sequence[Situation]):
    """Situations that do something whenever the engine comes to one of them."""

    def __init__(self, asked: Sequence[Situation], at: int, act: Callable[[], None]) -> None:
        self.asked, self.at, self.act = asked, at, act

    def __len__(self) -> int:
        return len(self.asked)

    @overload
    def __getitem__(self, at: int) -> Situation: ...
    @overload
    def __getitem__(self, at: slice) -> Watched: ...
    def __getitem__(self, at: int | slice) -> Watched | Situation:
        if isinstance(at, slice):
            return Watched(self.asked[at], self.at - (at.start or 0), self.act)
        return self.asked[at]

    def __iter__(self) -> Iterator[Situation]:
        for at, one in enumerate(self.asked):
            if at == self.at:
                self.act()
            yield one


def killer(engine: ReteEngine, times: int, how: int = signal.SIGKILL) -> Callable[[], None]:
    """Send the engine's process a signal, but only so many times."""
    left = list(range(times))

    def act() -> None:
        if left:
            left.pop()
            assert engine.pid is not None
            os.kill(engine.pid, how)

    return act


def test_a_process_killed_in_the_middle_is_started_anew_and_nothing_is_lost() -> None:
    rules = drawn_rules(20, seed=7)
    asked = drawn_situations(rules, 3000, seed=8)
    with ReteEngine([rules]) as engine:
        engine.decide(rules.name, asked[0])
        pid = engine.pid
        found = engine.decide_many(rules.name, Watched(asked, 1500, killer(engine, 1)))
        assert found == compile_rules(rules).decide_many(asked)
        assert engine.deaths == 1
        assert engine.pid != pid


def test_a_process_killed_twice_leaves_what_is_open_without_an_answer() -> None:
    rules = drawn_rules(20, seed=7)
    asked = drawn_situations(rules, 3000, seed=8)
    expected = compile_rules(rules).decide_many(asked)
    failure = EngineFailure("the engine's process ended")
    with ReteEngine([rules]) as engine:
        found = engine.decide_many(rules.name, Watched(asked, 1500, killer(engine, 2)))
        assert engine.deaths == 2
        assert found[1500:] == [failure] * 1500
        answered = [at for at, one in enumerate(found) if one != failure]
        assert all(found[at] == expected[at] for at in answered)
        assert engine.decide_many(rules.name, asked) == expected  # the next question starts anew


def test_a_process_that_hangs_counts_as_dead() -> None:
    rules = rule_set(rule(when=(A,)))
    asked = [situation(rules)] * 10
    with ReteEngine([rules], timeout=1.0) as engine:
        engine.decide("made", asked[0])
        assert engine.pid is not None
        os.kill(engine.pid, signal.SIGSTOP)
        assert engine.decide_many("made", asked) == [PERMITS] * 10
        assert engine.deaths == 1
        again = Watched(asked, 5, killer(engine, 2, signal.SIGSTOP))
        failure = EngineFailure("the engine's process gave no sign of life for 1 s")
        assert engine.decide_many("made", again) == [failure] * 10


def test_a_death_between_questions_is_not_noticed_by_who_asks() -> None:
    rules = rule_set(rule(when=(A,)))
    with ReteEngine([rules]) as engine:
        asked = situation(rules, ceased="yes")
        for _ in range(3):
            assert engine.decide("made", asked) == Answer((ID,), ())
            assert engine.pid is not None
            os.kill(engine.pid, signal.SIGKILL)
        assert engine.decide("made", asked) == Answer((ID,), ())
        assert engine.deaths == 3


def test_a_network_the_process_cannot_make_is_a_failure_not_a_yes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("engine.network._written", lambda *_: "nonsense")
    rules = rule_set(rule(when=(A,)))
    with ReteEngine([rules]) as engine:
        found = engine.decide("made", situation(rules))
        assert isinstance(found, EngineFailure)
        assert found.reason.startswith("the engine's process reported: ")


def test_an_interrupt_at_the_terminal_is_not_for_the_process() -> None:
    rules = rule_set(rule(when=(A,)))
    with ReteEngine([rules]) as engine:
        assert engine.decide("made", situation(rules)) == PERMITS
        assert engine.pid is not None
        assert os.getpgid(engine.pid) != os.getpgid(0)
        os.kill(engine.pid, signal.SIGINT)
        assert engine.decide("made", situation(rules)) == PERMITS
        assert engine.deaths == 0


def test_closing_ends_the_process_and_a_later_question_starts_another() -> None:
    rules = rule_set(rule(when=(A,)))
    engine = ReteEngine([rules])
    assert engine.pid is None
    assert engine.decide("made", situation(rules)) == PERMITS
    first = engine.pid
    assert first is not None
    engine.close()
    engine.close()
    assert gone(first)
    assert engine.pid is None
    assert engine.decide("made", situation(rules)) == PERMITS
    assert engine.pid != first
    engine.close()


@pytest.mark.parametrize("how", ["os._exit(0)", "os.kill(os.getpid(), 9)"])
def test_the_process_ends_when_its_parent_does(how: str) -> None:
    script = (
        "import os\n"
        "from engine.rete import ReteEngine\n"
        "from tests.making import rule, rule_set, situation\n"
        "rules = rule_set(rule())\n"
        "engine = ReteEngine([rules])\n"
        "engine.decide('made', situation(rules))\n"
        "print(engine.pid, flush=True)\n"
        f"{how}\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert gone(int(done.stdout))


def test_the_process_holds_little_beside_the_engine() -> None:
    script = "import sys, engine.rete; print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    heavy = {"polars", "numpy", "sqlalchemy", "yaml", "phonenumbers", "zipcodes", "asyncio"}
    assert heavy.isdisjoint(done.stdout.split())


def test_a_reply_to_another_question_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def misnumbered(child: Any, verb: str, network: Network, text: str) -> bytes:
        child.asked += 1
        return f"{verb} {child.asked + 1} {child.known[network.name]}\n{text}".encode()

    monkeypatch.setattr("engine.rete._Child._message", misnumbered)
    rules = rule_set(rule())
    with ReteEngine([rules]) as engine:
        failure = EngineFailure("the engine's process answered something else")
        assert engine.decide("made", situation(rules)) == failure


def test_answers_are_remembered_only_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.rete._MEMO", 2)
    rules = drawn_rules(20, seed=7)
    asked = drawn_situations(rules, 500, seed=8)
    with ReteEngine([rules]) as engine:
        expected = compile_rules(rules).decide_many(asked)
        assert len(set(expected)) > 3
        assert engine.decide_many(rules.name, asked) == expected


def framed(*messages: str) -> bytes:
    """Messages as they go through the pipe."""
    return b"".join(struct.pack("!I", len(one.encode())) + one.encode() for one in messages)


def served(*messages: str) -> list[str]:
    """The child's replies to messages, without a child."""
    (reads, asks), (answers, replies) = os.pipe(), os.pipe()
    os.write(asks, framed(*messages))
    os.close(asks)
    rete.serve(reads, replies)
    os.close(replies)
    os.close(reads)
    found, got = [], os.read(answers, 1 << 16)
    os.close(answers)
    while got:
        end = 4 + struct.unpack_from("!I", got)[0]
        found.append(got[4:end].decode())
        got = got[end:]
    return found


def test_the_child_answers_each_fact_on_a_line_and_goes_on_after_an_error() -> None:
    rules = rule_set(rule("a", when=(A,)), rule("b", when=(A, B)))
    (network,) = networks_of(rules)
    write = fact_writer(network)
    facts = [write(situation(rules, **fields)) for fields in (
        {}, {"ceased": "yes"}, {"ceased": "yes", "disputed": "yes"})]  # fmt: skip
    replies = served(
        f"define 1 0\n{network.definition}", f"decide 2 9\n{facts[0]}",
        "decide 3 0\n" + "\n".join(facts), "define 4 1\nnonsense", "what is this",
    )  # fmt: skip
    assert replies[0] == "1\n"
    assert replies[1] == "error\nKeyError: '9'"
    number, nothing, one, two = replies[2].split("\n")
    assert (number, nothing, len(one.split()), len(two.split())) == ("3", "", 1, 2)
    assert {network.ends[int(name)] for name in two.split()} == {
        ("an_act/a", None),
        ("an_act/b", None),
    }
    assert replies[3].startswith("error\nerror: Could not create ruleset")
    assert replies[4].startswith("error\nKeyError")


def test_the_child_ends_where_its_messages_do() -> None:
    reads, asks = os.pipe()
    os.write(asks, framed("define 1 0\n{}")[:7])
    os.close(asks)
    rete.serve(reads, 2)
    os.close(reads)


def test_an_idle_child_looks_for_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    parents = [1, 1, 1, 2]
    monkeypatch.setattr("engine.rete._GLANCE", 0.001)
    monkeypatch.setattr("engine.rete.os.getppid", lambda: parents.pop(0))
    reads, asks = os.pipe()
    rete.serve(reads, 2)
    os.close(reads)
    os.close(asks)
    assert parents == []


class Unclean:
    """The engine's C interface, answering what it must not."""

    def __init__(self, code: int) -> None:
        self.code = code

    def assert_fact(self, handle: int, fact: str) -> tuple[int, int]:
        return self.code, handle + len(fact)

    def start_action_for_state(self, handle: int, state: int) -> None:
        del handle, state


@pytest.mark.parametrize(
    ("code", "said"), [(2, "unexpected result 2"), (0, "rules matched, but none fired")]
)
def test_a_session_that_is_not_clean_is_an_error(code: int, said: str) -> None:
    with pytest.raises(RuntimeError, match=said):
        rete._fired(Unclean(code), 0, "{}")


def test_a_forked_process_starts_an_engine_of_its_own() -> None:
    script = (
        "import os\n"
        "from engine.rete import ReteEngine\n"
        "from tests.making import rule, rule_set, situation\n"
        "rules = rule_set(rule())\n"
        "engine = ReteEngine([rules])\n"
        "asked = situation(rules)\n"
        "first, pid = engine.decide('made', asked), engine.pid\n"
        "if (child := os.fork()) == 0:\n"
        "    same = engine.decide('made', asked) == first and engine.pid != pid\n"
        "    engine.close()\n"
        "    os._exit(0 if same else 1)\n"
        "assert os.waitpid(child, 0)[1] == 0\n"
        "assert engine.decide('made', asked) == first and engine.pid == pid\n"
        "assert engine.deaths == 0\n"
        "engine.close()\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", script], cwd=ROOT, check=True)


def test_nothing_is_imported_from_where_the_user_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "struct.py").write_text("raise SystemExit('not this one')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    rules = rule_set(rule())
    with ReteEngine([rules]) as engine:
        assert engine.decide("made", situation(rules)) == Answer((ID,), ())


def test_memory_stays_flat(request: pytest.FixtureRequest) -> None:
    """20,000 decisions; with --full 200,000."""
    rules = drawn_rules(60, seed=9)
    asked = drawn_situations(rules, 2000, seed=10)
    rounds = 100 if request.config.getoption("--full") else 10
    with ReteEngine([rules]) as engine:

        def resident() -> int:
            told = subprocess.run(
                ["ps", "-o", "rss=", "-p", str(engine.pid)], capture_output=True, check=True
            )
            return int(told.stdout)

        expected = engine.decide_many(rules.name, asked)
        before = resident()
        for _ in range(rounds):
            assert engine.decide_many(rules.name, asked) == expected
        assert resident() - before < 20_000
        assert engine.deaths == 0
    assert expected == compile_rules(rules).decide_many(asked)
