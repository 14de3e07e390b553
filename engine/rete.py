"""Second engine: a Rete network per rule set, by durable_rules, in a process of its own.

The only user of durable_rules. Its C interface is used in the one way that holds: no host, one
fixed session, per situation one flat fact of strings asserted, everything that fires drained,
the fact retracted; rules without actions (`network` writes them). It can take a process down, so
it lives in a child process: this file is both the parent's side (`ReteEngine`) and the child's
(`main`). "No rule matched" is a result code, and our yes.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from .network import RETRACTION, Network, fact_writer, networks_of
from .situation import Answer, RuleSet, Situation

_CHUNK: Final = 200  # situations in one message
_AHEAD: Final = 3  # messages on their way at once
_MEMO: Final = 50_000  # answers remembered by what fired
_GLANCE: Final = 5.0  # seconds after which an idle child looks whether its parent is there


@dataclass(frozen=True, slots=True)
class EngineFailure:
    """No answer: the engine's process ended or hung twice. The situation must be refused."""

    reason: str


class _Died(Exception):
    """The child process ended, hung or reported an error."""


# --- the parent's side


class ReteEngine:
    """All rule sets in one child process, which starts with the first question.

    Threads may share it. If the child dies or hangs, it is started anew once per call and asked
    again what is open; if it dies again, what is open is an EngineFailure. `deaths` counts them.
    A rule set cannot be changed: changed rules are another engine, or another name.
    """

    def __init__(self, rule_sets: Sequence[RuleSet], *, timeout: float = 20.0) -> None:
        """`timeout`: seconds without a sign of life after which the child counts as dead."""
        self.deaths = 0
        self._timeout = timeout
        self._lock = threading.Lock()
        self._child: _Child | None = None
        self._networks: dict[str, tuple[Network, ...]] = {}
        self._writers: dict[str, Callable[[Situation], str]] = {}
        self._memo: dict[tuple[str, ...], Answer] = {}
        for rules in rule_sets:
            self.add(rules)

    def __enter__(self) -> ReteEngine:
        """The engine itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the child process."""
        self.close()

    @property
    def pid(self) -> int | None:
        """The child's process id, if one is running."""
        return None if self._child is None else self._child.process.pid

    def add(self, rules: RuleSet) -> None:
        """Know one more rule set. ValueError: its name stands for another one already."""
        networks = networks_of(rules)
        with self._lock:
            if self._networks.get(rules.name, networks) != networks:
                raise ValueError(f"rule set {rules.name} cannot be changed")
            self._networks[rules.name] = networks
            self._writers |= {network.name: fact_writer(network) for network in networks}

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
        if self._child is not None and self._child.owner != os.getpid():
            self._stop()  # this process was forked: the pipes are its parent's
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
        start = f"import sys; sys.path.insert(0, {root!r}); from engine.rete import main; main()"
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-c", start],  # nothing is imported from where the user stands
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            start_new_session=True,  # signals to the terminal's group are not for it
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.stdin, self.stdout = self.process.stdin, self.process.stdout
        os.set_blocking(self.stdin.fileno(), False)
        os.set_blocking(self.stdout.fileno(), False)
        self.timeout = timeout
        self.owner = os.getpid()
        self.asked = 0
        self.known: dict[str, int] = {}

    def stop(self) -> None:
        """End the process, whatever state it is in, and wait for it; one of a parent is let go."""
        with contextlib.suppress(OSError):
            self.stdin.close()
        self.stdout.close()
        if self.owner == os.getpid():
            self.process.kill()
            self.process.wait()
        else:
            self.process.returncode = 0

    def answer(
        self, jobs: Sequence[_Job], writers: Mapping[str, Callable[[Situation], str]]
    ) -> None:
        """Fill in every job's `fired`. _Died: the process ended, hung or reported an error."""
        order: list[_Job | None] = []
        before = self.asked

        def messages() -> Iterator[bytes]:
            for job in jobs:
                network = job.network
                if network.name not in self.known:
                    self.known[network.name] = len(self.known)
                    order.append(None)
                    yield self._message("define", network, network.definition)
                order.append(job)
                facts = "\n".join(map(writers[network.name], job.situations))
                yield self._message("decide", network, facts)

        for at, reply in enumerate(self._exchange(messages())):
            head, _, text = reply.decode().partition("\n")
            if head == "error":
                raise _Died(f"the engine's process reported: {text}")
            job, lines = order[at], text.split("\n")
            if head != str(before + at + 1) or len(lines) != (len(job.situations) if job else 1):
                raise _Died("the engine's process answered something else")
            if job is not None:
                job.fired = lines

    def _message(self, verb: str, network: Network, text: str) -> bytes:
        """A numbered message; its reply bears the same number."""
        self.asked += 1
        return f"{verb} {self.asked} {self.known[network.name]}\n{text}".encode()

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


def main() -> None:
    """What the child process runs: `serve` between its standard input and output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    replies = os.dup(1)
    os.dup2(2, 1)  # nothing but replies goes to the parent
    serve(0, replies)


def serve(requests: int, replies: int) -> None:
    """Answer messages, between two file descriptors, until they end or the parent is gone."""
    parent = os.getppid()
    handles: dict[str, int] = {}
    while (message := _read(requests, parent)) is not None:
        try:
            reply = _reply(message.decode(), handles)
        except Exception as error:
            reply = f"error\n{type(error).__name__}: {error}"
        encoded = reply.encode()
        encoded = struct.pack("!I", len(encoded)) + encoded
        while encoded:
            encoded = encoded[os.write(replies, encoded) :]


def _reply(message: str, handles: dict[str, int]) -> str:
    """The reply to one message: its number, and a line for each fact decided."""
    import durable_rules_engine as engine

    head, _, text = message.partition("\n")
    verb, number, network = head.split(" ")
    if verb == "define":
        handles[network] = engine.create_ruleset(network, text)
        return f"{number}\n"
    handle = handles[network]
    return "\n".join([number, *[_fired(engine, handle, fact) for fact in text.split("\n")]])


def _read(requests: int, parent: int) -> bytes | None:
    """One message; None at the end of all, or when the parent is another."""
    found = bytearray()
    size = 4
    while len(found) < size:
        while not select.select([requests], [], [], _GLANCE)[0]:
            if os.getppid() != parent:
                return None
        part = os.read(requests, size - len(found))
        if not part:
            return None
        found += part
        if size == len(found) == 4:
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
    engine.retract_fact(handle, RETRACTION)
    return " ".join(names)
