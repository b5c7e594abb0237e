"""A quote's figures are those that were said, however they are written; no other ones."""

import pytest

from include.scorecards.evidence import EvidenceChecker, EvidenceStatus


def found(spoken, said: str, quote: str) -> bool:
    checker = EvidenceChecker(spoken(("agent", "Hello, how may I help?"), ("customer", said)))
    checked = checker.check(quote)
    assert checked.counts is (checked.status is not EvidenceStatus.NOT_FOUND)
    return checked.counts


@pytest.mark.parametrize(
    ("said", "quote"),
    [
        ("your bill is 1.5 percent higher", "your bill is 1,5 percent higher"),
        ("your bill is one point five percent higher", "your bill is 1.5 percent higher"),
        ("cuesta diecinueve coma cinco por ciento más", "cuesta 19,5 por ciento más"),
        ("you pay 1,500 euros for it", "you pay 1500 euros for it"),
        ("you pay one thousand five hundred euros for it", "you pay 1.500 euros for it"),
        ("it costs nineteen ninety-nine a month", "it costs 19.99 a month"),
        ("it costs nineteen ninety-nine a month", "it costs $19.99 a month"),
        ("it costs nineteen euros a month", "it costs €19 a month"),
        ("it costs nineteen euros a month", "it costs 19 € a month"),
        ("it costs one hundred and fifty pounds", "it costs £150"),
        ("it comes at 10:30 on Monday", "it comes at ten thirty on Monday"),
        ("it comes at 10.30 on Monday", "it comes at 10:30 on Monday"),
    ],
)
def test_another_writing_of_a_figure_is_found(spoken, said: str, quote: str) -> None:
    assert found(spoken, said, quote)


@pytest.mark.parametrize(
    ("said", "quote"),
    [
        ("your bill is 15 percent higher", "your bill is 1.5 percent higher"),
        ("your bill is 1.5 percent higher", "your bill is 15 percent higher"),
        ("your bill is 1.5 percent higher", "5 percent higher"),
        ("your bill is one point five percent higher", "five percent higher"),
        ("you pay 250 euros a month", "you pay 2.50 euros a month"),
        ("you pay 2,50 euros a month", "you pay 250 euros a month"),
        ("you pay twenty-five euros for it", "you pay 2.5 euros for it"),
        ("it costs $19 a month", "it costs €19 a month"),
        ("it costs nineteen dollars a month", "it costs £19 a month"),
        ("your bill is one point five percent higher", "your bill is 15 percent higher"),
    ],
)
def test_another_figure_of_the_same_digits_is_not_found(spoken, said: str, quote: str) -> None:
    assert not found(spoken, said, quote)


@pytest.mark.parametrize("hidden", ["refuse to", "am unable to", "failed to", "forgot to"])
def test_an_ellipsis_hides_nothing_that_denies(spoken, hidden: str) -> None:
    assert not found(spoken, f"I {hidden} help you with that claim", "I … help you with that claim")
    assert found(spoken, "I will gladly help you with that claim", "I … help you with that claim")
