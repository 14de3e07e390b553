"""Second engine: a rule set turned into a Rete network of durable_rules, in a process of its own.

The only user of durable_rules. Its C interface is used in the one way that holds: no host, one
fixed session, per situation one flat fact of strings asserted, everything that fires drained,
the fact retracted; rules without actions; networks below its limits (see LIMITS). It can take a
process down, so it lives in a child process: this file is both the parent's side (`ReteEngine`)
and the child's (`serve`). "No rule matched" is a result code, and our yes.

Scope, `when`, `unless` and `needs` become conditions of the network, in disjunctive form: a rule
of ours is one or several rules of the network, each a conjunction of comparisons, none of which
is computed outside it. "Not no" and "not yes" pass through Kleene's minimum and maximum, so every
comparison is with one word.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from . import words
from .kinds import Block, Notice, Require
from .rule import AllOf, Ask, Entry, Rule
from .situation import SCOPE_FIELDS, Answer, RuleSet, Situation

# LIMITS of durable_rules 2.0.28. A node of the network holds 511 branches and then searches for
# ever; its walk stacks at most 64 branches; an object holds 254 properties. Rules hang in groups
# below the root, so that a walk stacks at most groups + rules of one group.
_GROUP: Final = 10
_NETWORK: Final = 400
_FIELDS: Final = 240
_CHUNK: Final = 200  # situations in one message
_AHEAD: Final = 3  # messages on their way at once
_MEMO: Final = 50_000
_TRI: Final = frozenset(words.TRI)

Literal = tuple[str, str, str]  # field, "==" or "!=", word
Choice = tuple[str, frozenset[str]]  # field, the words it may be


@dataclass(frozen=True, slots=True)
class EngineFailure:
    """No answer: the engine's process ended or hung twice. The situation must be refused."""

    reason: str


@dataclass(frozen=True, slots=True)
class Condition:
    """One rule of the network: all literals and all choices must hold."""

    literals: tuple[Literal, ...]
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Network:
    """One ruleset of durable_rules: `definition` is its JSON, `fields` what its facts carry.

    `ends` says what each of its rules, named "0", "1", ..., stands for: a rule's id, and the duty
    it attaches or None where it refuses.
    """

    name: str
    definition: str
    fields: tuple[str, ...]
    ends: tuple[tuple[str, str | None], ...]


class _Died(Exception):
    """The child process ended, hung or reported an error."""


# --- rules to networks


def networks_of(rules: RuleSet) -> tuple[Network, ...]:
    """The networks of a rule set: none if it is empty, more than one only beyond the limits."""
    found: list[tuple[Condition, tuple[str, str | None]]] = []
    for rule in rules.rules:
        applies = _product(
            [_holds(entry, rules.names) for entry in rule.when]
            + [_fails(entry, rules.names) for entry in rule.unless]
        )
        if isinstance(rule.body, Notice):
            end = (rule.id, rule.body.duty)
            found += [(one, end) for one in _conditions(rule, applies)]
        refuses = _product([applies, _refusal(rule, rules.names)])
        found += [(one, (rule.id, None)) for one in _conditions(rule, refuses)]
    parts = _parts(found)
    return tuple(_network(f"{rules.name}.{n}", part) for n, part in enumerate(parts))


def _holds(entry: Entry, names: Mapping[Ask, str]) -> list[tuple[Literal, ...]]:
    """"Is not no", as a list of alternatives: min is not no if none is, max if one is not."""
    if isinstance(entry, Ask):
        return [((names[entry], "!=", words.NO),)]
    each = [(names[ask], "!=", words.NO) for ask in entry.asks]
    return [tuple(each)] if isinstance(entry, AllOf) else [(one,) for one in each]


def _fails(entry: Entry, names: Mapping[Ask, str]) -> list[tuple[Literal, ...]]:
    """"Is not yes", as a list of alternatives: min is not yes if one is not, max if none is."""
    if isinstance(entry, Ask):
        return [((names[entry], "!=", words.YES),)]
    each = [(names[ask], "!=", words.YES) for ask in entry.asks]
    return [(one,) for one in each] if isinstance(entry, AllOf) else [tuple(each)]


def _refusal(rule: Rule, names: Mapping[Ask, str]) -> list[tuple[Literal, ...]]:
    """What beside applying makes a rule refuse, as a list of alternatives."""
    bit = f"bit:{rule.key}"
    if isinstance(rule.body, Block):
        return [()]
    if isinstance(rule.body, Require):
        return [one for entry in rule.body.needs for one in _fails(entry, names)]
    if isinstance(rule.body, Notice):
        return [((bit, "==", words.YES),)]
    return [((bit, "!=", words.NO),)]


def _product(parts: Sequence[list[tuple[Literal, ...]]]) -> list[tuple[Literal, ...]]:
    """All parts at once: one alternative of each, joined; the same one only once."""
    joined = (dict.fromkeys(literal for part in way for literal in part) for way in product(*parts))
    return list(dict.fromkeys(tuple(way) for way in joined))


def _conditions(rule: Rule, ways: Iterable[tuple[Literal, ...]]) -> list[Condition]:
    """Every way a rule applies, with every part of its scope."""
    return [Condition(way, choices) for choices in _scopes(rule) for way in ways]


def _scopes(rule: Rule) -> list[tuple[Choice, ...]]:
    """A rule's scope as alternatives that exclude each other: its channels, by kinds reached."""
    channels_of: dict[frozenset[str] | None, set[str]] = {}
    for channel in rule.channels:
        kinds = frozenset(kind for kind in words.POINT_KINDS if rule.reaches(channel, kind))
        whole = rule.to is None or len(kinds) == len(words.POINT_KINDS)
        channels_of.setdefault(None if whole else kinds, set()).add(channel)
    rest: list[Choice] = [
        (name, allowed)
        for name, allowed in (
            ("whom", rule.whom),
            ("role", rule.collectors),
            ("debt_type", rule.debts),
        )
        if allowed is not None
    ]
    found = []
    for kinds, channels in sorted(channels_of.items(), key=lambda item: sorted(item[1])):
        by_kind = [] if kinds is None else [("kind", kinds)]
        choices = (("channel", frozenset(channels)), *by_kind, *rest)
        if all(allowed for _, allowed in choices):  # nothing is in an empty set
            found.append(choices)
    return found


def _parts(
    found: list[tuple[Condition, tuple[str, str | None]]],
) -> list[list[tuple[Condition, tuple[str, str | None]]]]:
    """Cut conditions into networks that stay below the limits of rules and fields."""
    parts: list[list[tuple[Condition, tuple[str, str | None]]]] = []
    seen: set[str] = set()
    for condition, end in found:
        asked = {literal[0] for literal in condition.literals}
        if not parts or len(parts[-1]) == _NETWORK or len(seen | asked) > _FIELDS:
            parts.append([])
            seen = set()
        seen |= asked
        parts[-1].append((condition, end))
    return parts


def _network(name: str, part: Sequence[tuple[Condition, tuple[str, str | None]]]) -> Network:
    """Write one network. What few rules ask comes first in a rule: it leaves most of them early."""
    often: dict[Literal, int] = {}
    for condition, _ in part:
        for literal in condition.literals:
            often[literal] = often.get(literal, 0) + 1

    def early(literal: Literal) -> tuple[int, Literal]:
        return often[literal], literal

    ordered = sorted(
        ((Condition(tuple(sorted(one.literals, key=early)), one.choices), end) for one, end in part),
        key=lambda pair: (pair[0].literals, pair[1][0], pair[1][1] or ""),
    )
    asked = {literal[0] for literal in often}
    chosen = {choice[0] for condition, _ in part for choice in condition.choices}
    fields = tuple(n for n in SCOPE_FIELDS if n in chosen) + tuple(sorted(asked))
    short = {field: _short(index) for index, field in enumerate(fields)}
    definition = {
        str(index): {"all": [{"m": {"$and": _written(condition, index // _GROUP, short)}}]}
        for index, (condition, _) in enumerate(ordered)
    }
    text = json.dumps(definition, separators=(",", ":"))
    return Network(name, text, fields, tuple(end for _, end in ordered))


def _written(condition: Condition, group: int, short: Mapping[str, str]) -> list[dict[str, Any]]:
    """A condition in the network's notation, below its group.

    The group is a comparison of the constant field `z` that always holds: it only gives the
    network a tree's shape.
    """
    found: list[dict[str, Any]] = [{"$neq": {"z": str(group)}}]
    for field, sign, word in condition.literals:
        name = short[field]
        found.append({name: word} if sign == "==" else {"$neq": {name: word}})
    for field, allowed in condition.choices:
        ways = [{short[field]: word} for word in sorted(allowed)]
        found.append(ways[0] if len(ways) == 1 else {"$or": ways})
    return found


def _short(index: int) -> str:
    """A short property name: a0, b0, ..., y0, a1, ... never id, sid or z."""
    return f"{chr(ord('a') + index % 25)}{index // 25}"


def _fact_writer(network: Network) -> Callable[[Situation], str]:
    """A function that writes a situation as the network's fact."""
    fields = network.fields
    scopes = sum(1 for name in fields if name in SCOPE_FIELDS)
    read: Callable[[Situation], Any] = itemgetter(*fields)
    parts: list[str] = ['{"id":"f","sid":"0","z":"z']
    for index in range(len(fields)):
        parts += [f'","{_short(index)}":"', ""]
    parts.append('"}')
    if len(fields) == 1:

        def read(situation: Situation) -> Any:
            return (situation[fields[0]],)

    def write(situation: Situation) -> str:
        values = read(situation)
        if not _TRI.issuperset(values[scopes:]):
            raise ValueError(f"neither yes, no nor unknown: {_odd(fields, values)}")
        if not all(map(str.isidentifier, values[:scopes])):
            raise ValueError("a scope field of a situation is no word")
        parts[2::2] = values
        return "".join(parts)

    return write


# --- the parent's side


class ReteEngine:
    """All rule sets in one child process, which starts with the first question.

    Threads may share it. If the child dies or hangs, it is started anew once per call and asked
    again what is open; if it dies again, what is open is an EngineFailure. `deaths` counts them.
    Rule sets cannot be changed: for other rules, make another engine.
    """

    def __init__(self, rule_sets: Sequence[RuleSet], *, timeout: float = 20.0) -> None:
        """`timeout`: seconds without a sign of life after which the child counts as dead."""
        self.deaths = 0
        self._timeout = timeout
        self._lock = threading.Lock()
        self._child: _Child | None = None
        self._networks = {rules.name: networks_of(rules) for rules in rule_sets}
        self._writers = {
            network.name: _fact_writer(network)
            for networks in self._networks.values()
            for network in networks
        }
        self._memo: dict[tuple[str, ...], Answer] = {}

    def __enter__(self) -> ReteEngine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """The child's process id, if one is running."""
        return None if self._child is None else self._child.process.pid

    def decide(self, name: str, situation: Situation) -> Answer | EngineFailure:
        """The answer of rule set `name` to one situation; errors as `decide_many`."""
        return self.decide_many(name, [situation])[0]

    def decide_many(
        self, name: str, situations: Sequence[Situation]
    ) -> list[Answer | EngineFailure]:
        """The answers of rule set `name` to situations, in their order.

        KeyError: no such rule set, or a field is absent; ValueError: a fact or bit is none of yes,
        no, unknown.
        """
        with self._lock:
            networks = self._networks[name]
            jobs = [
                _Job(network, situations[start : start + _CHUNK])
                for start in range(0, len(situations), _CHUNK)
                for network in networks
            ]
            failure = self._ask(jobs) if jobs else None
            if not networks:
                return [Answer((), ()) for _ in situations]
            found: list[Answer | EngineFailure] = []
            for at in range(0, len(jobs), len(networks)):
                together = jobs[at : at + len(networks)]
                if failure is not None and any(job.fired is None for job in together):
                    found += [failure] * len(together[0].situations)
                else:
                    lines = (job.fired or [] for job in together)
                    found += [self._answer(networks, fired) for fired in zip(*lines, strict=True)]
            return found

    def close(self) -> None:
        """End the child process; a later question starts another."""
        with self._lock:
            self._stop()

    def _ask(self, jobs: Sequence[_Job]) -> EngineFailure | None:
        """Have every job answered, with one new start; the failure if some are not."""
        reason = ""
        for _ in range(2):
            try:
                if self._child is None:
                    self._child = _Child(self._timeout)
                self._child.answer([job for job in jobs if job.fired is None], self._writers)
            except _Died as died:
                self.deaths += 1
                reason = str(died)
                self._stop()
            except BaseException:  # a reply is still on its way: this child is of no more use
                self._stop()
                raise
            else:
                return None
        return EngineFailure(reason)

    def _stop(self) -> None:
        if self._child is not None:
            self._child.stop()
            self._child = None

    def _answer(self, networks: Sequence[Network], fired: tuple[str, ...]) -> Answer:
        """What fired in each network, as an answer; the same answer is made once."""
        key = (networks[0].name, *fired)
        answer = self._memo.get(key)
        if answer is None:
            ends = {
                network.ends[int(rule)]
                for network, line in zip(networks, fired, strict=True)
                for rule in line.split()
            }
            answer = Answer(
                tuple(sorted(rule for rule, duty in ends if duty is None)),
                tuple(sorted((duty, rule) for rule, duty in ends if duty is not None)),
            )
            if len(self._memo) >= _MEMO:
                self._memo.clear()
            self._memo[key] = answer
        return answer


@dataclass(slots=True)
class _Job:
    """Situations for one network; `fired` is one line for each once it has been answered."""

    network: Network
    situations: Sequence[Situation]
    fired: list[str] | None = None


class _Child:
    """The child process and the pipes to it. Messages are framed by four bytes of length."""

    def __init__(self, timeout: float) -> None:
        root = str(Path(__file__).resolve().parent.parent)
        start = f"import sys; sys.path.insert(0, {root!r}); from engine.rete import serve; serve()"
        self.process = subprocess.Popen(
            [sys.executable, "-c", start],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            start_new_session=True,  # signals to the terminal's group are not for it
        )
        assert self.process.stdin is not None and self.process.stdout is not None
        self.stdin, self.stdout = self.process.stdin, self.process.stdout
        os.set_blocking(self.stdin.fileno(), False)
        os.set_blocking(self.stdout.fileno(), False)
        self.timeout = timeout
        self.known: set[str] = set()

    def stop(self) -> None:
        """End the process, whatever state it is in, and wait for it."""
        with contextlib.suppress(OSError):
            self.stdin.close()
        self.stdout.close()
        self.process.kill()
        self.process.wait()

    def answer(self, jobs: Sequence[_Job], writers: Mapping[str, Callable[[Situation], str]]) -> None:
        """Fill in every job's `fired`. _Died: the process ended, hung or reported an error."""
        order: list[_Job | None] = []

        def messages() -> Iterator[bytes]:
            for job in jobs:
                network = job.network
                if network.name not in self.known:
                    order.append(None)
                    yield f"define {network.name}\n{network.definition}".encode()
                    self.known.add(network.name)
                order.append(job)
                facts = "\n".join(map(writers[network.name], job.situations))
                yield f"decide {network.name}\n{facts}".encode()

        for number, reply in enumerate(self._exchange(messages())):
            word, _, text = reply.decode().partition("\n")
            if word != "fired":
                raise _Died(f"the engine's process reported: {text}")
            job = order[number]
            if job is not None:
                lines = text.split("\n")
                if len(lines) != len(job.situations):
                    raise _Died("the engine's process answered something else")
                job.fired = lines

    def _exchange(self, messages: Iterator[bytes]) -> Generator[bytes, None, None]:
        """Send messages while the pipe takes them; yield one reply for each, in order."""
        outgoing = b""
        incoming = bytearray()
        waiting = 0
        more = True
        reader, writer = self.stdout.fileno(), self.stdin.fileno()
        while True:
            while more and not outgoing and waiting < _AHEAD:
                message = next(messages, None)
                if message is None:
                    more = False
                else:
                    outgoing = struct.pack("!I", len(message)) + message
                    waiting += 1
                    outgoing = self._send(writer, outgoing)
            if not waiting:
                return
            poll = select.poll()
            poll.register(reader, select.POLLIN)
            if outgoing:
                poll.register(writer, select.POLLOUT)
            ready = poll.poll(self.timeout * 1000)
            if not ready:
                raise _Died(f"the engine's process gave no sign of life for {self.timeout:g} s")
            if outgoing:
                outgoing = self._send(writer, outgoing)
            for reply in self._receive(reader, incoming):
                waiting -= 1
                yield reply

    def _send(self, writer: int, outgoing: bytes) -> bytes:
        """Write what the pipe takes; the rest."""
        try:
            return outgoing[os.write(writer, outgoing) :]
        except BlockingIOError:
            return outgoing
        except OSError as error:
            raise _Died("the engine's process ended") from error

    def _receive(self, reader: int, incoming: bytearray) -> list[bytes]:
        """Read what is there; the replies that are whole by now."""
        try:
            found = os.read(reader, 1 << 20)
        except BlockingIOError:
            return []
        if not found:
            raise _Died("the engine's process ended")
        incoming += found
        whole = []
        while len(incoming) >= 4:
            end = 4 + struct.unpack_from("!I", incoming)[0]
            if len(incoming) < end:
                break
            whole.append(bytes(incoming[4:end]))
            del incoming[:end]
        return whole


# --- the child's side


def serve() -> None:
    """Answer messages on standard input until it closes or the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    import durable_rules_engine as engine

    replies = os.dup(1)
    os.dup2(2, 1)  # nothing but replies goes to the parent
    parent = os.getppid()
    handles: dict[str, int] = {}
    while (message := _read(parent)) is not None:
        head, _, text = message.decode().partition("\n")
        verb, _, name = head.partition(" ")
        try:
            if verb == "define":
                handles[name] = engine.create_ruleset(name, text)
                reply = "fired\n"
            else:
                reply = "fired\n" + "\n".join(
                    [_fired(engine, handles[name], fact) for fact in text.split("\n")]
                )
        except Exception as error:
            reply = f"error\n{type(error).__name__}: {error}"
        encoded = reply.encode()
        encoded = struct.pack("!I", len(encoded)) + encoded
        while encoded:
            encoded = encoded[os.write(replies, encoded) :]


def _read(parent: int) -> bytes | None:
    """One message from standard input; None at its end, or when the parent is another."""
    found = bytearray()
    size = 4
    while len(found) < size:
        while not select.select([0], [], [], 5.0)[0]:
            if os.getppid() != parent:
                return None
        part = os.read(0, size - len(found))
        if not part:
            return None
        found += part
        if size == 4 and len(found) == 4:
            size += struct.unpack("!I", found)[0]
    return bytes(found[4:])


def _fired(engine: Any, handle: int, fact: str) -> str:
    """The names of all rules that fire on one fact, with blanks between.

    The result code 0 says that some rule fired, 1 that none did and nothing was kept; any other
    means that the session is not clean, and nothing after it can be trusted.
    """
    code, state = engine.assert_fact(handle, fact)
    if code == 1:
        return ""
    if code != 0:
        raise RuntimeError(f"unexpected result {code}")
    names = []
    started = engine.start_action_for_state(handle, state)
    message = None if started is None else started[1]
    while message is not None:
        names.append(message[2 : message.index('"', 2)])
        message = engine.complete_and_start_action(handle, state)
    if not names:
        raise RuntimeError("rules matched, but none fired")
    engine.retract_fact(handle, '{"id":"f","sid":"0"}')
    return " ".join(names)
