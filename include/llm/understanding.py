"""LLM1, understanding: the facts of a call."""

import asyncio
import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from include.calls.stage import Stage
from include.calls.transcript import Transcript
from include.calls.vocabulary import contact_reasons
from include.gpu.wire import IvrResult
from include.llm import prompting
from include.llm.circumstances import circumstances_of
from include.llm.client import LlmClient
from include.llm.facts import FactsReply, Understanding, checked_facts, nothing_said
from include.llm.structured import Provenance, nobody_asked, provenance, structured
from include.llm.wording import SHIPPED_WORDING, Wording
from include.redaction.known import NOTHING, Known
from include.redaction.redacting import prepared

SCHEMA_NAME = "call_understanding"
_TASK = "understanding"


@dataclass(frozen=True)
class Understood:
    """LLM1's result. What was redacted is back in it, but for card data."""

    understanding: Understanding
    identity: str
    provenance: Provenance


async def understand(
    client: LlmClient,
    transcript: Transcript,
    *,
    ivr: IvrResult | None = None,
    redact: bool = True,
    known: Known = NOTHING,
    wording: Wording = SHIPPED_WORDING,
) -> Understood:
    """Finds out the facts of a call. A transcript without turns costs nothing.

    Args:
        client: The API.
        transcript: The original.
        ivr: What was cut out of the call; the prompt mentions it.
        redact: Whether private data is replaced before the transcript leaves.
        known: What is known of the call: names to replace, names to keep.
        wording: Which prompts.

    Raises:
        AnswerInvalid: The model's answer does not fit.
        TransientError, PermanentError: As `LlmClient.complete`.
    """
    prompt_sha256 = understanding_prompt_hash(wording)
    identity = understanding_identity(
        client.settings.model, transcript, ivr=ivr, redact=redact, wording=wording
    )
    if not transcript.turns:
        return Understood(nothing_said(), identity, nobody_asked(prompt_sha256))
    # What goes through the whole call is work for a thread: requests in flight would wait for it.
    leaving = await asyncio.to_thread(prepared, transcript, known, redacted=redact)
    answer = await structured(
        client,
        prompting.messages(
            leaving.transcript,
            wording,
            _TASK,
            circumstances=circumstances_of(transcript, ivr),
            contact_reasons=_contact_reasons_text(),
        ),
        _schema(),
        SCHEMA_NAME,
        item=transcript.call_id,
        read=lambda said: _read(leaving.redaction.restore_reply(said), transcript),
    )
    made = provenance(answer, prompt_sha256, leaving.redaction.counts)
    return Understood(answer.value, identity, made)


def understanding_identity(
    model: str,
    transcript: Transcript,
    *,
    ivr: IvrResult | None = None,
    redact: bool = True,
    wording: Wording = SHIPPED_WORDING,
) -> str:
    """Names the request that `understand` would make, without making it."""
    circumstances = circumstances_of(transcript, ivr).text
    prompt_sha256 = understanding_prompt_hash(wording)
    return prompting.request_identity(
        Stage.LLM1, transcript, model, prompt_sha256, redact=redact, context=circumstances
    )


@cache
def understanding_prompt_hash(wording: Wording = SHIPPED_WORDING) -> str:
    """Identity of the stage's wording: prompts, taxonomy and schema."""
    texts = [*prompting.wording_texts(wording, _TASK), _contact_reasons_text()]
    return prompting.prompt_hash(*texts, json.dumps(_schema()))


@cache
def _contact_reasons_text() -> str:
    return "\n".join(contact_reasons().values())


@cache
def _schema() -> dict[str, Any]:
    """The answer's schema, with the taxonomy's titles as the only reasons: codes are our own affair."""
    schema = prompting.strict_schema(FactsReply)
    reason = {"type": "string", "enum": list(contact_reasons().values())}
    schema["properties"]["contact_reasons"]["items"]["properties"]["reason"] = reason
    return schema


def _read(said: Any, transcript: Transcript) -> Understanding:
    return checked_facts(FactsReply.model_validate(said), (turn.id for turn in transcript.turns))
