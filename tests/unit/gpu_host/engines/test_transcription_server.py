"""A speech server as recogniser: what it is asked, what becomes of its answers, and whose fault is what."""

from collections.abc import Callable

import httpx
import numpy as np
import pytest

from include.calls.transcript import Word
from include.emulation import transcriptions
from include.errors import HostFault
from include.gpu_host.engines.transcription_answer import TranscriptionAnswer, heard_words
from include.gpu_host.engines.transcription_server import TranscriptionServer

PIECE = np.random.default_rng(1).normal(0, 0.05, 32_000).astype(np.float32)


def engine(
    server: Callable[[httpx.Request], httpx.Response], key: str = "", model: str = "whisper-1"
) -> TranscriptionServer:
    transport = httpx.MockTransport(server)
    return TranscriptionServer("http://speech/v1/", model, key=key, transport=transport, first_wait_s=0)


def text(words: list[Word]) -> str:
    return "".join(word.text for word in words)


def test_a_piece_is_a_request_in_its_language_with_times_asked_for() -> None:
    server = transcriptions.TranscriptionServer(key="k", tells_probability=True)
    first, second = engine(server, "k").hear([PIECE, PIECE[:16_000]], "es")
    assert text(first.words) == text(second.words) == " Hello, how can I help?"
    assert [(word.start_ms, word.end_ms, word.confidence) for word in first.words][-1] == (1600, 2000, 0.8)
    assert sorted(asked.pop("seconds") for asked in server.asked) == [1.0, 2.0]
    assert server.asked[0] == {
        "model": "whisper-1",
        "language": "es",
        "response_format": "verbose_json",
        "timestamp_granularities[]": ["word", "segment"],
        "temperature": "0",
    }


def test_a_vocabulary_is_the_prompt_and_its_echo_is_asked_for_again_without() -> None:
    server = transcriptions.TranscriptionServer()
    engine(server).hear([PIECE], "en", ["Riverside Telecom", "Fibre 300"])
    assert [asked.get("prompt") for asked in server.asked] == ["Riverside Telecom, Fibre 300"]
    echoing = transcriptions.TranscriptionServer("Riverside Telecom, Fibre 300")
    engine(echoing).hear([PIECE], "en", ["Riverside Telecom", "Fibre 300"])
    assert [asked.get("prompt") for asked in echoing.asked] == ["Riverside Telecom, Fibre 300", None]


def test_a_vocabulary_that_no_prompt_holds_is_cut() -> None:
    server = transcriptions.TranscriptionServer()
    engine(server).hear([PIECE], "en", [f"Riverside {n}" for n in range(200)])
    prompt = server.asked[0]["prompt"]
    assert prompt.startswith("Riverside 0, Riverside 1, ") and 580 < len(prompt) <= 600


def test_words_without_a_confidence_have_that_of_their_segment() -> None:
    [(words, _, spread)] = engine(transcriptions.TranscriptionServer(avg_logprob=-0.5)).hear([PIECE], "en")
    assert not spread and {word.confidence for word in words} == {0.607}


def test_words_without_times_are_spread_over_their_segment() -> None:
    [(words, _, spread)] = engine(transcriptions.TranscriptionServer(tells_words=False)).hear([PIECE], "en")
    assert spread and text(words) == " Hello, how can I help?"
    assert [(word.start_ms, word.end_ms) for word in words][:2] == [(0, 667), (667, 1000)]
    japanese = transcriptions.TranscriptionServer("おはよう", tells_words=False)
    words = engine(japanese).hear([PIECE], "ja")[0].words
    assert [word.text for word in words] == [" お", "は", "よ", "う"]


def test_a_segment_of_nothing_has_no_words() -> None:
    server = transcriptions.TranscriptionServer(avg_logprob=-1.4, no_speech_prob=0.9)
    assert engine(server).hear([PIECE], "en")[0].words == []
    assert engine(transcriptions.TranscriptionServer("")).hear([PIECE], "en")[0].words == []


@pytest.mark.parametrize("words", [True, False])
def test_a_server_that_never_tells_how_sure_it_is_is_refused(words: bool) -> None:
    server = transcriptions.TranscriptionServer(tells_words=words, tells_segments=False)
    with pytest.raises(HostFault, match="avg_logprob" if words else "verbose_json"):
        engine(server).hear([PIECE], "en")


def test_a_busy_or_failing_server_is_asked_again() -> None:
    server = transcriptions.TranscriptionServer(failures=[503, 429, 500])
    assert engine(server).hear([PIECE], "en")[0].words
    with pytest.raises(HostFault, match="answers 503, 4 times"):
        engine(transcriptions.TranscriptionServer(failures=[503] * 9)).hear([PIECE], "en")


def test_what_goes_wrong_there_is_the_servers_fault_and_tells_the_mend() -> None:
    server = transcriptions.TranscriptionServer(key="other")
    with pytest.raises(HostFault, match="COFI_GPU_HOST_STT_API_KEY"):
        engine(server, "k").hear([PIECE], "en")
    with pytest.raises(HostFault, match=r"whisper-9 does not exist.*COFI_GPU_HOST_STT_MODEL"):
        engine(transcriptions.TranscriptionServer(), model="whisper-9").hear([PIECE], "en")

    def silent(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused", request=request)

    with pytest.raises(HostFault, match=r"does not answer .connection refused.*COFI_GPU_HOST_STT_URL"):
        engine(silent).hear([PIECE], "en")
    with pytest.raises(HostFault, match="no form of verbose_json"):
        engine(lambda _: httpx.Response(200, text="<html>")).hear([PIECE], "en")


def test_punctuation_stays_with_its_word() -> None:
    answer = TranscriptionAnswer.model_validate(
        {
            "text": "¿Qué tal? Bien, gracias: 12.50 euros ...",
            "words": [
                {"word": word, "start": n / 2, "end": n / 2 + 0.4, "probability": 1}
                for n, word in enumerate(["Qué", "tal", "Bien", "gracias", "12", "50", "euros"])
            ],
        }
    )
    assert [word.text for word in heard_words(answer, "es", 9000)] == [
        " ¿Qué",
        " tal?",
        " Bien,",
        " gracias:",
        " 12.",
        "50",
        " euros",
    ]


def test_words_of_segments_and_times_beyond_the_piece_are_taken() -> None:
    """As speaches and others write them: words in their segments, with the blank that they begin with."""
    words = [{"word": " Good", "start": -0.1, "end": 0.4, "probability": 0.9}]
    words += [{"word": " day.", "start": 0.5, "end": 2.6, "probability": 0.7}]
    segments = [{"text": " Good day.", "start": 0.0, "end": 2.6, "words": words}]
    answer = TranscriptionAnswer.model_validate({"text": "Good day.", "segments": segments})
    found = [
        (word.text, word.start_ms, word.end_ms, word.confidence) for word in heard_words(answer, "en", 2000)
    ]
    assert found == [(" Good", 0, 400, 0.9), (" day.", 500, 2000, 0.7)]
