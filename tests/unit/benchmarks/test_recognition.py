"""The chapters about words and languages: a chain that is worse is found, one that is not is left alone."""

from pathlib import Path

import pytest

from include.calls.call import ChannelRole
from include.calls.stage import Stage
from include.calls.transcript import Turn
from include.gpu.wire import Engine, LidResult, SttResult
from tests.benchmarks.findings import Section
from tests.benchmarks.speech.bare import Heard
from tests.benchmarks.speech.corpus import Clip
from tests.benchmarks.speech.hosts import Answered
from tests.benchmarks.speech.recognition import Listened, languages, words

SAID = "one good morning to all of you"


def listened(
    heard_alone: str, heard_by_chain: str, language: str | None = "en", said: str = SAID
) -> Listened:
    about = {
        "call_id": "c",
        "engine": Engine(name="e", version="1", device="cpu"),
        "seconds": 0,
        "audio_s": 3,
    }
    turn = Turn(
        id="t1",
        speaker=ChannelRole.UNKNOWN,
        channel=0,
        start_ms=0,
        end_ms=1,
        text=heard_by_chain,
        confidence=1,
    )
    lid = LidResult(**about, language=language, confidence=1, probabilities={}, speech_s=1)
    stt = SttResult(**about, language=language, turns=[turn])
    clip = Clip("speech/a.wav", Path(), "speech en", "en" if said else None, said)
    heard = Heard(heard_alone, "en")
    return Listened(clip, heard, heard, Answered({Stage.LID: lid, Stage.STT: stt}))


def failed(section: Section) -> list[str]:
    return [check.name for check in section.checks if not check.holds]


def test_a_chain_that_hears_the_same_is_not_worse(tmp_path: Path) -> None:
    section = words([listened(SAID, "1 good morning, to all of you!")] * 5, tmp_path)
    assert failed(section) == []
    assert section.tables[0].rows == [["speech en", "5", "35", "0.0 %", "0.0 %", "0.0 %", "0.0 … 0.0"]]
    assert (tmp_path / "speech-wer.svg").stat().st_size > 1000


def test_a_chain_that_is_worse_everywhere_is_found(tmp_path: Path) -> None:
    section = words([listened(SAID, "1 good morning to all of it")] * 5, tmp_path)
    assert failed(section) == ["speech en: the chain is not worse than the model alone"]


def test_one_recording_that_is_lost_is_found_though_the_interval_hides_it(tmp_path: Path) -> None:
    section = words([*[listened(SAID, SAID)] * 9, listened(SAID, "good")], tmp_path)
    assert failed(section) == ["Words: on no recording the chain misses half of what the model alone heard"]
    assert section.tables[1].rows[0][:3] == ["speech/a.wav", "7", "+6"]


def test_a_recording_that_failed_is_all_wrong(tmp_path: Path) -> None:
    lost = listened(SAID, SAID)
    section = words([Listened(lost.clip, lost.bare, lost.given, None)] * 3, tmp_path)
    assert section.tables[0].rows[0][5] == "100.0 %" and len(failed(section)) == 2


def test_words_over_silence_are_invented(tmp_path: Path) -> None:
    section = words([listened("thank you", "", language=None, said=""), listened(SAID, SAID)], tmp_path)
    assert section.tables[2].rows == [["1", "2", "0", "0"]]


@pytest.mark.parametrize(("language", "row"), [("en", ["0", "0"]), ("es", ["4", "0"]), (None, ["0", "4"])])
def test_wrong_and_unknown_languages_are_counted_apart(language: str | None, row: list[str]) -> None:
    section = languages([listened(SAID, SAID, language)] * 4)
    assert section.tables[0].rows[-1][4:] == row
    assert bool(failed(section)) == (language != "en")
