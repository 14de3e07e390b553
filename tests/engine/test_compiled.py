"""The first engine: what its text decides, and that a rule file cannot put code into it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import pytest

from engine import words
from engine.compiled import (
    LIFTED,
    OUT,
    REFUSES,
    SATISFIED,
    compile_rules,
    entry_words,
    lifted_by,
    outcome,
)
from engine.kinds import Notice, Require, Window
from engine.rule import AllOf, AnyOf, Ask, Entry, Happened, Period, Rule, Selector
from engine.situation import Answer
from tests.making import LIMIT, WAIT, rule, rule_set, situation

A, B = Ask("ceased"), Ask("disputed")
ORDER = ("no", "unknown", "yes")
LEAST = {(a, b): min(a, b, key=ORDER.index) for a in ORDER for b in ORDER}
MOST = {(a, b): max(a, b, key=ORDER.index) for a in ORDER for b in ORDER}
PERMITS = Answer((), ())
ID = "an_act/a-rule"


def refuses(one: Rule, **fields: str) -> bool:
    rules = rule_set(one)
    return compile_rules(rules).decide(situation(rules, **fields)).refusing == (ID,)


def test_a_block_without_conditions_refuses_whatever_is_in_scope() -> None:
    assert refuses(rule())
    assert not refuses(rule(channels=frozenset({"text"})))


@pytest.mark.parametrize("value", words.TRI)
def test_unknown_counts_as_met_in_when_and_as_not_met_in_unless_and_needs(value: str) -> None:
    assert refuses(rule(when=(A,)), ceased=value) == (value != "no")
    assert refuses(rule(unless=(A,)), ceased=value) == (value != "yes")
    assert refuses(rule(body=Require((A,))), ceased=value) == (value != "yes")


@pytest.mark.parametrize(("a", "b"), list(itertools.product(words.TRI, repeat=2)))
def test_all_is_the_least_and_any_the_most_of_its_facts(a: str, b: str) -> None:
    tables: tuple[tuple[Entry, str], ...] = (
        (AllOf((A, B)), LEAST[a, b]),
        (AnyOf((A, B)), MOST[a, b]),
    )
    for entry, value in tables:
        asked = {"ceased": a, "disputed": b}
        assert refuses(rule(when=(entry,)), **asked) == (value != "no")
        assert refuses(rule(unless=(entry,)), **asked) == (value != "yes")
        assert refuses(rule(body=Require((entry,))), **asked) == (value != "yes")


@pytest.mark.parametrize("body", [LIMIT, WAIT, Window()])
@pytest.mark.parametrize("bit", words.TRI)
def test_limits_waits_and_windows_refuse_unless_their_bit_is_no(body: Window, bit: str) -> None:
    assert refuses(rule(body=body), **{"bit_a-rule": bit}) == (bit != "no")


def test_a_notice_attaches_its_duty_and_refuses_only_where_it_is_declared_unmet() -> None:
    rules = rule_set(rule(body=Notice("say_who_calls", "say who calls"), when=(A,)))
    engine = compile_rules(rules)
    duty = (("say_who_calls", ID),)
    assert engine.decide(situation(rules, ceased="yes")) == Answer((), duty)
    unmet = situation(rules, ceased="yes", **{"bit_a-rule": "yes"})
    assert engine.decide(unmet) == Answer((ID,), duty)
    assert engine.decide(unmet | {"ceased": "no"}) == PERMITS


@pytest.mark.parametrize("channel", words.CHANNELS)
@pytest.mark.parametrize("kind", words.POINT_KINDS)
@pytest.mark.parametrize("mark", [None, "electronic", "-electronic"])
def test_channels_and_kinds_are_reached_as_the_rule_says(
    channel: str, kind: str, mark: str | None
) -> None:
    to = frozenset({"mobile", "email_work"} | ({mark} if mark else set()))
    one = rule(channels=words.DEFAULT_CHANNELS, to=to)
    assert refuses(one, channel=channel, kind=kind) == one.reaches(channel, kind)


def test_whom_collectors_and_debts_narrow_the_scope() -> None:
    for field, scope in (("whom", "whom"), ("role", "collectors"), ("debt_type", "debts")):
        for allowed in (frozenset({"one"}), frozenset({"one", "two"})):
            narrowed: Any = {scope: allowed}
            one = rule(**narrowed)
            assert refuses(one, **{field: "one"})
            assert refuses(one, **{field: "two"}) == ("two" in allowed)
            assert not refuses(one, **{field: "three"})


def test_answers_are_sorted_whatever_the_order_of_the_rules() -> None:
    several = [
        rule("b", Notice("x", "")), rule("c"), rule("a", Notice("x", "")),
        rule("d", Notice("w", "")), rule("a2"),
    ]  # fmt: skip
    for rules in itertools.permutations(several):
        made = rule_set(*rules)
        assert compile_rules(made).decide(situation(made)) == Answer(
            ("an_act/a2", "an_act/c"), (("w", "an_act/d"), ("x", "an_act/a"), ("x", "an_act/b"))
        )


def test_no_rules_permit() -> None:
    rules = rule_set()
    assert compile_rules(rules).decide_many([situation(rules)] * 2) == [PERMITS, PERMITS]


def test_a_field_left_out_is_an_error_even_where_nothing_depends_on_it() -> None:
    rules = rule_set(rule(when=(A, B)))
    for field in rules.fields:
        asked = situation(rules)
        del asked[field]
        with pytest.raises(KeyError, match=field):
            compile_rules(rules).decide(asked)


def test_a_fact_or_bit_that_is_no_three_valued_word_is_an_error() -> None:
    rules = rule_set(rule(body=LIMIT, when=(A,)))
    for field in ("ceased", "bit:a-rule"):
        with pytest.raises(ValueError, match=f"neither yes, no nor unknown: {field} is 'maybe'"):
            compile_rules(rules).decide(situation(rules) | {field: "maybe"})


def test_two_rules_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="rules named twice in made: an_act/a-rule"):
        compile_rules(rule_set(rule(), rule()))


def test_two_rules_that_would_share_a_bit_are_refused() -> None:
    with pytest.raises(ValueError, match="fields named twice in made: bit:a-rule"):
        compile_rules(rule_set(rule(body=LIMIT), rule(body=WAIT, act="other")))


NASTY = ('"', "'", "\\", "\n", "\r", "{", "%s", "{}", "'''", '"""', "#", "\x00", "\u2028", "é",
         '")\nraise SystemExit\n#', "' or True or '", "__import__('os').abort()")  # fmt: skip


@pytest.mark.parametrize("word", NASTY)
def test_words_of_a_rule_are_never_code(word: str) -> None:
    one = rule(
        word,
        Notice(word, word),
        act=word,
        channels=frozenset({"call", word}),
        to=frozenset({"mobile", word}),
        whom=frozenset({word}),
        collectors=frozenset({word, "x"}),
        debts=frozenset({word}),
        when=(Ask(word), Ask("reply_open", (word,))),
        unless=(Ask("happened", Happened(Selector(word))),),
    )
    rules = rule_set(one, name=word)
    asked = dict.fromkeys(rules.fields, "yes") | {"channel": word, "kind": "mobile"}
    asked |= {"whom": word, "role": word, "debt_type": word, rules.names[one.unless[0]]: "no"}  # type: ignore[index]
    engine = compile_rules(rules)
    assert engine.decide(asked) == Answer((f"{word}/{word}",), ((word, f"{word}/{word}"),))


def test_a_word_that_is_no_plain_string_is_refused() -> None:
    class Sly(str):
        def __repr__(self) -> str:
            return "1]) or exit("

    with pytest.raises(TypeError, match="a word of a rule is no plain string"):
        compile_rules(rule_set(rule(whom=frozenset({Sly("consumer")}))))


@dataclass(frozen=True)
class Told:
    rule: Rule
    fields: dict[str, str]
    outcome: str
    lifted_by: str | None = None


TOLD = (
    Told(rule(channels=frozenset({"text"})), {}, OUT),
    Told(rule(whom=frozenset({"employer"})), {}, OUT),
    Told(rule(collectors=frozenset({"creditor"})), {}, OUT),
    Told(rule(debts=frozenset({"medical"})), {}, OUT),
    Told(rule(when=(A,)), {}, OUT),
    Told(rule(when=(A,), unless=(B,)), {"disputed": "yes"}, OUT),
    Told(rule(unless=(A,)), {"ceased": "yes"}, LIFTED, "ceased"),
    Told(rule(unless=(A,)), {"ceased": "unknown"}, REFUSES),
    Told(rule(unless=(A, B)), {"disputed": "yes"}, LIFTED, "disputed"),
    Told(rule(unless=(AllOf((A, B)),)), {"ceased": "yes", "disputed": "yes"}, LIFTED,
         "ceased and disputed"),
    Told(rule(unless=(AnyOf((A, B)),)), {"disputed": "yes"}, LIFTED, "disputed"),
    Told(rule(), {}, REFUSES),
    Told(rule(body=Require((A,))), {}, REFUSES),
    Told(rule(body=Require((A,))), {"ceased": "yes"}, SATISFIED),
    Told(rule(body=LIMIT), {}, SATISFIED),
    Told(rule(body=LIMIT), {"bit_a-rule": "unknown"}, REFUSES),
    Told(rule(body=Notice("x", "")), {"bit_a-rule": "yes"}, REFUSES),
    Told(rule(body=Notice("x", "")), {"bit_a-rule": "unknown"}, SATISFIED),
)  # fmt: skip


@pytest.mark.parametrize("told", TOLD)
def test_what_became_of_a_rule_is_told_and_is_what_was_decided(told: Told) -> None:
    rules = rule_set(told.rule)
    engine = compile_rules(rules)
    asked = situation(rules, **told.fields)
    assert outcome(told.rule, asked, rules.names) == told.outcome
    assert lifted_by(told.rule, asked, rules.names) == told.lifted_by
    assert engine.outcome(told.rule, asked) == told.outcome
    assert engine.lifted_by(told.rule, asked) == told.lifted_by
    assert (engine.decide(asked).refusing == (ID,)) == (told.outcome == REFUSES)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (A, "ceased"),
        (Ask("days_past_due_over", 30), "days_past_due_over: 30"),
        (Ask("contact_is", ("verification", "litigation")), "contact_is: verification, litigation"),
        (AllOf((A, Ask("reply_open", ("hours",)))), "ceased and reply_open: hours"),
        (AnyOf((A, B)), "ceased or disputed"),
        (
            Ask("happened", Happened(Selector("represented_by"), within=Period(30, "day"))),
            "happened: represented_by (within 30 day)",
        ),
        (
            Ask("happened", Happened(Selector("attempts", channels=frozenset({"text", "email"})))),
            "happened: attempts (channels email, text)",
        ),
    ],
)
def test_an_entry_in_words(entry: Entry, said: str) -> None:
    assert entry_words(entry) == said


def test_the_text_can_be_read() -> None:
    engine = compile_rules(rule_set(rule(when=(A,), whom=frozenset({"consumer"}))))
    assert "refusing.append('an_act/a-rule')" in engine.source
