"""The corpus that redaction is measured with, how it is counted, and what has to be reached."""

from dataclasses import replace

import pytest

from include.delivery.redactions import RedactedType
from include.redaction.recognition import name_recogniser
from tests.benchmarks.redaction import MODELS, Score, corpus, measured, report, score

pytestmark = pytest.mark.model

CALLS = corpus()


@pytest.fixture(scope="module")
def with_models() -> Score:
    return score(CALLS, name_recogniser(MODELS))


def test_redaction_finds_what_is_private_and_leaves_the_rest(with_models: Score) -> None:
    assert with_models.recall >= 0.97, with_models.missed
    assert with_models.precision >= 0.97, with_models.wrong


def test_rules_alone_find_almost_as_much() -> None:
    alone = score(CALLS, None)
    assert alone.recall >= 0.95, alone.missed
    assert alone.precision >= 0.97, alone.wrong


def test_what_the_rules_were_not_made_with_is_found_too() -> None:
    held_out = score([call for call in CALLS if call.held_out], name_recogniser(MODELS))
    assert held_out.marked.total() >= 80
    assert held_out.recall >= 0.95, held_out.missed
    assert held_out.precision >= 0.95, held_out.wrong


def test_the_corpus_is_what_the_report_says() -> None:
    assert len(CALLS) >= 60 and sum(len(call.spans) for call in CALLS) >= 300
    assert {call.id for call in CALLS if call.held_out} and len({call.id for call in CALLS}) == len(CALLS)
    spanish = [call for call in CALLS if call.transcript.language == "es"]
    assert len(spanish) * 2 == len(CALLS)
    uncased = [call for call in CALLS if call.transcript.text == call.transcript.text.lower()]
    assert len(uncased) >= 15
    for kind in {span.kind for call in CALLS for span in call.spans}:
        assert RedactedType(kind, 1, 1).title != kind


def test_what_is_missed_and_what_is_replaced_without_need_is_counted(with_models: Score) -> None:
    call = CALLS[0]
    first, *others = call.spans
    unmarked = score([replace(call, spans=tuple(others))], None)
    assert (unmarked.replaced - unmarked.right).total() == 1 and len(unmarked.wrong) == 1
    turn = call.transcript.turns[first.turn]
    wider = replace(call, spans=(replace(first, start=0, end=len(turn.text)), *others))
    missed = score([wider], None)
    assert missed.marked.total() - missed.found.total() == len(missed.missed) == 1
    assert with_models.marked.total() == sum(len(one.spans) for one in CALLS)


def test_the_report_shows_both_parts_and_every_fault() -> None:
    some = [call for call in CALLS if call.held_out][:3] + CALLS[:3]
    scores = measured(some)
    text = report(scores, "`abc`", some)
    assert "| held out, rules and models |" in text and "| development, rules alone |" in text
    faults = [
        line for _, names, one in scores if names == "rules and models" for line in one.missed + one.wrong
    ]
    assert all(line in text for line in faults)
