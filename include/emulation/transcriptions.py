"""A speech server that speaks OpenAI's `/v1/audio/transcriptions`, as far as its contract is documented.

It hears nothing: it answers the words that it is given, spread over whatever recording comes. What servers
are known to leave out can be left out, and so many first requests can be answered with an error.
"""

import io
import json
from dataclasses import dataclass, field
from typing import Any

import httpx
import soundfile
from python_multipart import parse_form


@dataclass
class TranscriptionServer:
    """Call it as a handler of `httpx.MockTransport`.

    Attributes:
        text: What it answers.
        key: That it wants; empty for none.
        models: That it has.
        tells_words: Whether words have times.
        tells_probability: Whether they have a probability too.
        tells_segments: Whether there are segments, with their measures.
        failures: Statuses of the first answers.
        asked: Fields of each request that it took, and the seconds of its recording as `seconds`.
    """

    text: str = "Hello, how can I help?"
    key: str = ""
    models: tuple[str, ...] = ("whisper-1",)
    tells_words: bool = True
    tells_probability: bool = False
    tells_segments: bool = True
    avg_logprob: float = -0.2
    no_speech_prob: float = 0.01
    failures: list[int] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answers a request."""
        if self.failures:
            return _error(self.failures.pop(0), "try again", {"Retry-After": "0"})
        if self.key and request.headers.get("Authorization") != f"Bearer {self.key}":
            return _error(401, "Incorrect API key provided")
        if (request.method, request.url.path) != ("POST", "/v1/audio/transcriptions"):
            return _error(404, f"Invalid URL ({request.method} {request.url.path})")
        fields = _form(request)
        if fields.get("model") not in self.models:
            return _error(404, f"The model {fields.get('model')} does not exist")
        try:
            sound = soundfile.info(io.BytesIO(fields.pop("file")))
        except (KeyError, soundfile.LibsndfileError):
            return _error(400, "Invalid file format.")
        self.asked.append(fields | {"seconds": sound.duration})
        return httpx.Response(200, json=self._answer(sound.duration, fields))

    def _answer(self, seconds: float, fields: dict[str, Any]) -> dict[str, Any]:
        if fields.get("response_format") != "verbose_json":
            return {"text": self.text}
        wanted = fields.get("timestamp_granularities[]", ["segment"])
        answer: dict[str, Any] = {"task": "transcribe", "language": "english", "duration": seconds}
        answer["text"] = self.text
        if self.tells_words and "word" in wanted:
            answer["words"] = self._words(seconds)
        if self.tells_segments and "segment" in wanted:
            answer["segments"] = [self._segment(seconds)] if self.text else []
        return answer

    def _words(self, seconds: float) -> list[dict[str, Any]]:
        """Without punctuation, as the contract's own server writes them."""
        words = [word.strip(".,?!¿¡") for word in self.text.split()]
        each_s = seconds / max(1, len(words))
        confidence = {"probability": 0.8} if self.tells_probability else {}
        return [
            {"word": word, "start": n * each_s, "end": (n + 1) * each_s} | confidence
            for n, word in enumerate(words)
        ]

    def _segment(self, seconds: float) -> dict[str, Any]:
        return {
            "id": 0,
            "seek": 0,
            "start": 0.0,
            "end": seconds,
            "text": f" {self.text}",
            "tokens": [],
            "temperature": 0.0,
            "avg_logprob": self.avg_logprob,
            "compression_ratio": 1.2,
            "no_speech_prob": self.no_speech_prob,
        }


def _error(status: int, message: str, headers: dict[str, str] | None = None) -> httpx.Response:
    body = {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None}}
    return httpx.Response(status, text=json.dumps(body), headers=headers)


def _form(request: httpx.Request) -> dict[str, Any]:
    """Fields of a multipart form; those that may be there several times are lists, the file is bytes."""
    fields: dict[str, Any] = {}

    def add(part: Any) -> None:
        name, value = part.field_name.decode(), (part.value or b"").decode()
        if name.endswith("[]"):
            fields.setdefault(name, []).append(value)
        else:
            fields[name] = value

    def add_file(part: Any) -> None:
        part.file_object.seek(0)
        fields[part.field_name.decode()] = part.file_object.read()

    headers = {name.title(): value.encode() for name, value in request.headers.items()}
    parse_form(headers, io.BytesIO(request.read()), add, add_file)
    return fields
