"""Speech to text by a server that speaks OpenAI's `/v1/audio/transcriptions`: speaches, vLLM, NIM and others.

What such servers answer differs: some time words, some only segments; some say how sure they are of a word,
some of a segment. All of it becomes words with times and confidences here.
"""

import io
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import httpx
import soundfile
from pydantic import ValidationError

from include.errors import HostFault
from include.gpu.wire import Engine
from include.gpu_host.audio.recording import SAMPLE_RATE_HZ, Samples
from include.gpu_host.engines.hot_words import HotWords, is_echo, written
from include.gpu_host.engines.protocol import Heard
from include.gpu_host.engines.transcription_answer import TranscriptionAnswer, UntoldConfidence, heard_words
from include.gpu_host.settings import variable
from include.outside.text import one_line
from include.outside.times import asked_wait_s

_ATTEMPTS = 4
# The wait after a failure, doubled each time, where the server wishes none; and the longest wish that is met.
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.5, 30.0
_LATER = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_REASON_CHARS = 300
# Whisper's servers read 224 tokens of a prompt, of which a name takes one for every three characters or so.
_MOST_CHARS = 600


class TranscriptionServer:
    """A recogniser that is somebody else's server; see `protocol.Recogniser`.

    A piece is one request. What goes wrong there is a fault of the server, never of the call.

    Args:
        url: Up to and with `/v1`.
        model: As the server calls it.
        key: Sent as a bearer token; empty for none.
        in_flight: Most requests at once, of all calls together.
        timeout_s: For one request.
        transport: Of httpx, for tests.
        first_wait_s: Before the first of the further attempts.
    """

    hears_vocabulary = True

    def __init__(
        self,
        url: str,
        model: str,
        *,
        key: str = "",
        in_flight: int = 8,
        timeout_s: float = 300.0,
        transport: httpx.BaseTransport | None = None,
        first_wait_s: float = _FIRST_WAIT_S,
    ) -> None:
        self._url = f"{url.rstrip('/')}/audio/transcriptions"
        self._model = model
        self._first_wait_s = first_wait_s
        self._hot_words = HotWords(_MOST_CHARS, len, model)
        self._threads = ThreadPoolExecutor(in_flight, thread_name_prefix="transcription")
        self._client = httpx.Client(
            transport=transport,
            timeout=timeout_s,
            limits=httpx.Limits(max_connections=in_flight),
            headers={"Authorization": f"Bearer {key}"} if key else {},
        )
        self.engine = Engine(
            name=model, version="OpenAI transcriptions", device=httpx.URL(self._url).netloc.decode()
        )

    def hear(self, pieces: Sequence[Samples], language: str, vocabulary: Sequence[str] = ()) -> list[Heard]:
        """Transcribes pieces, a request each; a vocabulary goes as the prompt.

        Raises:
            HostFault: The server does not answer, or not as it should; the message says what to do.
        """
        hot_words = self._hot_words.fitting(vocabulary)
        return list(self._threads.map(partial(self._checked, language, hot_words), pieces))

    def _checked(self, language: str, vocabulary: Sequence[str], piece: Samples) -> Heard:
        """What is nothing but an echo of the vocabulary is heard again without."""
        heard = self._heard(language, piece, vocabulary)
        text = "".join(word.text for word in heard.words)
        return self._heard(language, piece) if is_echo(text, vocabulary) else heard

    def _heard(self, language: str, piece: Samples, vocabulary: Sequence[str] = ()) -> Heard:
        answer = self._answer(piece, self._form(language, vocabulary))
        try:
            read = TranscriptionAnswer.model_validate_json(answer.content)
            words = heard_words(read, language, len(piece) * 1000 // SAMPLE_RATE_HZ)
            return Heard(words, times_spread=bool(words) and not read.timed)
        except UntoldConfidence as error:
            raise self._fault(str(error)) from None
        except ValidationError:
            raise self._fault("answers in no form of verbose_json: look what it is") from None

    def _answer(self, piece: Samples, form: dict[str, Any]) -> httpx.Response:
        """Asks until it answers, with some patience."""
        for wait_s in [*self._waits_s(), None]:
            failure, asked_s = self._asked(piece, form)
            if isinstance(failure, httpx.Response):
                return failure
            if wait_s is None:
                break
            time.sleep(min(asked_s, _LONGEST_WAIT_S) if asked_s is not None else wait_s)
        raise self._fault(f"{failure}, {_ATTEMPTS} times: see its log")

    def _waits_s(self) -> Iterator[float]:
        yield from (self._first_wait_s * 2**n for n in range(_ATTEMPTS - 1))

    def _asked(self, piece: Samples, form: dict[str, Any]) -> tuple[httpx.Response | str, float | None]:
        """The answer, or what went wrong and after how many seconds to come again.

        Raises:
            HostFault: It would go wrong again.
        """
        try:
            response = self._client.post(self._url, data=form, files={"file": _wav(piece)})
        except httpx.TransportError as error:
            return f"does not answer ({one_line(str(error), _REASON_CHARS) or type(error).__name__})", None
        if response.status_code in _LATER:
            return f"answers {response.status_code}", asked_wait_s(response.headers, _LONGEST_WAIT_S)
        if response.status_code >= 400:
            raise self._fault(_refusal(response))
        return response, None

    def _form(self, language: str, vocabulary: Sequence[str]) -> dict[str, Any]:
        prompt = {"prompt": written(vocabulary)} if vocabulary else {}
        return prompt | {
            "model": self._model,
            "language": language,
            "response_format": "verbose_json",
            "timestamp_granularities[]": ["word", "segment"],
            "temperature": "0",
        }

    def _fault(self, what: str) -> HostFault:
        return HostFault(f"The speech server {self._url} {what}; it is set by {variable('stt_url')}.")


def _refusal(response: httpx.Response) -> str:
    said = one_line(response.text, _REASON_CHARS)
    status = response.status_code
    if status in {401, 403}:
        return f"refuses the key ({status}): set {variable('stt_api_key')}"
    if status == 404:
        return f"has nothing there, or not the model (404, {said}): check the URL and {variable('stt_model')}"
    return f"refuses a request ({status}, {said}): check whether it takes this model and verbose_json"


def _wav(piece: Samples) -> tuple[str, bytes, str]:
    file = io.BytesIO()
    soundfile.write(file, piece, SAMPLE_RATE_HZ, format="WAV", subtype="PCM_16")
    return "piece.wav", file.getvalue(), "audio/wav"
