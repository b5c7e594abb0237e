"""Whom a deployment asks for second opinions, as it writes it."""

import pytest

from include.errors import InvalidInput
from include.judge.setting import SecondOpinionSetting, Source, read_setting
from include.scorecards.opinions import AskedOn


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("none", SecondOpinionSetting()),
        (" samples:3 ", SecondOpinionSetting(Source.SAMPLES, 3)),
        ("samples: 1", SecondOpinionSetting(Source.SAMPLES, 1)),
        ("model:gpt-4o", SecondOpinionSetting(Source.MODEL, 1, "gpt-4o")),
        ("model:qwen3:8b", SecondOpinionSetting(Source.MODEL, 1, "qwen3:8b")),
        ("connection:cofi_second", SecondOpinionSetting(Source.CONNECTION, 1, "cofi_second")),
    ],
)
def test_what_is_written_is_read(text: str, read: SecondOpinionSetting) -> None:
    assert read_setting(text, "failing", 0.7) == read


def test_on_which_answers_and_how_hot_is_read_as_well() -> None:
    read = read_setting("samples:2", " all ", 1.0)
    assert (read.asked_on, read.temperature) == (AskedOn.ALL, 1.0)


@pytest.mark.parametrize(
    ("text", "on", "temperature", "told"),
    [
        ("", "failing", 0.7, "second_opinion = .*: write none, samples:K, model:NAME or connection:ID"),
        ("samples", "failing", 0.7, "write none, samples:K"),
        ("none:3", "failing", 0.7, "write none, samples:K"),
        ("model:", "failing", 0.7, "write none, samples:K"),
        ("gpt-4o", "failing", 0.7, "write none, samples:K"),
        ("Samples:3", "failing", 0.7, "write none, samples:K"),
        ("samples:0", "failing", 0.7, "write from samples:1 to samples:20"),
        ("samples:21", "failing", 0.7, "write from samples:1 to samples:20"),
        ("samples:-1", "failing", 0.7, "write from samples:1 to samples:20"),
        ("samples:two", "failing", 0.7, "write from samples:1 to samples:20"),
        ("none", "fails", 0.7, "second_opinion_on = fails: write failing or all"),
        ("none", "failing", 0.0, "second_opinion_temperature = 0: write a temperature above 0, up to 2"),
        ("none", "failing", 2.5, "second_opinion_temperature = 2.5: "),
    ],
)
def test_what_is_wrong_is_refused_with_what_to_write(
    text: str, on: str, temperature: float, told: str
) -> None:
    with pytest.raises(InvalidInput, match=told):
        read_setting(text, on, temperature)
