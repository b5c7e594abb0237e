"""What a site and a manifest say may be said in calls: what is taken, in which order, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.calls.terms import COLUMNS, LONGEST_CHARS, MOST_TERMS, Terms, is_term, read_columns, read_terms
from include.errors import InvalidInput

words = st.text("aé 4_-.", max_size=LONGEST_CHARS + 5)
some = st.lists(words, max_size=4)


def test_terms_stand_between_commas_each_once() -> None:
    told = read_terms(" Riverside  Telecom,Fibre 300,, Riverside Telecom ,\n Ruta Móvil", "here")
    assert told == ("Riverside Telecom", "Fibre 300", "Ruta Móvil")
    assert read_terms("", "here") == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Riverside, 300", "here: '300' is no name or term: write some with letters"),
        (f"Riverside, {'very ' * 13}long", "here: 'very very"),
        ("--", "'--' is no name"),
    ],
)
def test_what_is_no_term_is_named(text: str, told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        read_terms(text, "here")


def test_too_many_terms_are_refused_with_the_first_too_many() -> None:
    terms = [f"term {chr(97 + n % 26)}{n}" for n in range(MOST_TERMS + 1)]
    assert len(read_terms(",".join(terms[:-1]), "here")) == MOST_TERMS
    with pytest.raises(InvalidInput, match=f"from '{terms[-1]}' on too many"):
        read_terms(",".join(terms), "here")


def test_the_calls_own_terms_come_first_and_only_of_the_columns_that_are_asked_for() -> None:
    manifest = {
        "agent": "Lucía Ortega",
        "queue": "billing",
        "product": "Fibre 300",
        "vocabulary": ["SuperNet"],
    }
    of_site = ("Riverside", "Fibre 300")
    assert Terms(of_site, COLUMNS).of_call(manifest) == [
        *("SuperNet", "Fibre 300", "Lucía Ortega", "billing"),
        "Riverside",
    ]
    assert Terms(of_site, ("agent",)).of_call(manifest) == ["Lucía Ortega", "Riverside", "Fibre 300"]
    assert Terms(of_site).of_call(manifest) == list(of_site)


@pytest.mark.parametrize("code", ["Q_BILLING_02", "4711", "", None, "dfox@site.example", "a" * 61])
def test_codes_are_no_names(code: str | None) -> None:
    assert Terms(columns=("agent", "queue")).of_call({"agent": code, "queue": code}) == []
    assert Terms(columns=("agent",)).of_call({"agent": "O'Neil-Smith Jr."}) == ["O'Neil-Smith Jr."]


def test_a_column_that_cannot_be_told_is_named() -> None:
    assert read_columns("agent, vocabulary", "here") == ("agent", "vocabulary")
    with pytest.raises(InvalidInput, match="here: caller gives no terms: choose from vocabulary, product"):
        read_columns("agent, caller", "here")


@given(some, some, st.dictionaries(st.sampled_from(COLUMNS[1:]), words | st.none()))
def test_a_recogniser_is_told_nothing_twice_and_not_too_much(
    of_call: list[str], of_site: list[str], names: dict[str, str | None]
) -> None:
    told = Terms(tuple(of_site), COLUMNS).of_call({"vocabulary": of_call, **names})
    own = list(dict.fromkeys(of_call))
    assert len(told) == len(set(told)) <= MOST_TERMS
    assert told[: len(own)] == own
    assert all(is_term(one) for one in told if one not in [*of_call, *of_site])


@given(words)
def test_what_is_read_is_a_term(text: str) -> None:
    try:
        terms = read_terms(text, "here")
    except InvalidInput:
        terms = ()
    assert all(map(is_term, terms))
