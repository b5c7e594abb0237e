"""What a person types is read as it is meant, or refused with what to write instead."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.errors import InvalidInput
from include.search.language import Clause, Term, parse


def term(*words: str, speaker: str | None = None, is_prefix: bool = False) -> Term:
    return Term(words, speaker, is_prefix)


@pytest.mark.parametrize(
    ("typed", "clauses"),
    [
        ("", []),
        ("refund", [Clause((term("refund"),))]),
        ("Refund NOW", [Clause((term("refund"),)), Clause((term("now"),))]),
        ('"cancel my contract"', [Clause((term("cancel", "my", "contract"),))]),
        ("agent:sorry", [Clause((term("sorry", speaker="agent"),))]),
        ('Customer:"not working"', [Clause((term("not", "working", speaker="customer"),))]),
        ("speaker_1:hello", [Clause((term("hello", speaker="speaker_1"),))]),
        ("-voucher", [Clause((term("voucher"),), negated=True)]),
        ('-agent:"thank you"', [Clause((term("thank", "you", speaker="agent"),), negated=True)]),
        ("refund OR reimbursement", [Clause((term("refund"), term("reimbursement")))]),
        ("a OR b OR c d", [Clause((term("a"), term("b"), term("c"))), Clause((term("d"),))]),
        ("cancel*", [Clause((term("cancel", is_prefix=True),))]),
        ("don't", [Clause((term("don", "t"),))]),
        ("número", [Clause((term("numero"),))]),
        ("or", [Clause((term("or"),))]),
        ("9:30", [Clause((term("9", "30"),))]),
        ("refund - now !", [Clause((term("refund"),)), Clause((term("now"),))]),
        ("返金", [Clause((term("返", "金"),))]),
    ],
)
def test_it_is_read_as_it_is_meant(typed: str, clauses: list[Clause]) -> None:
    assert parse(typed) == tuple(clauses)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ('"cancel my', "a quotation mark is open"),
        ("OR refund", "OR in"),
        ("refund OR", "nothing follows OR"),
        ("-refund OR voucher", "OR in"),
        ("refund OR -voucher", "OR in"),
        ('""', "holds no word"),
        ("agent:!!", "holds no word"),
        (" ".join(f"w{n}" for n in range(21)), "more than 20"),
    ],
)
def test_what_cannot_be_read_says_what_to_write(typed: str, told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        parse(typed)


@given(st.text(max_size=60))
def test_whatever_is_typed_is_read_or_refused(typed: str) -> None:
    try:
        clauses = parse(typed)
    except InvalidInput:
        return
    assert all(term.words and all(term.words) for clause in clauses for term in clause.terms)
