"""LLM2, audit: one answer per criterion of a scorecard. Code checks and scores them afterwards."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from include.calls.stage import Stage
from include.calls.transcript import Transcript
from include.llm import prompting
from include.llm.client import LlmClient
from include.llm.facts import Understanding
from include.llm.structured import Provenance, Structured, nobody_asked, provenance, structured
from include.llm.wording import SHIPPED_WORDING, Wording
from include.redaction.known import NOTHING, Known
from include.redaction.redacting import RedactedTranscript, prepared
from include.scorecards.answers import CANNOT_DETERMINE, NOT_APPLICABLE, AuditAnswers, AuditReply, as_key
from include.scorecards.applicability import Scope, scope_of
from include.scorecards.asking import asked_text
from include.scorecards.metrics import CallMetrics
from include.scorecards.schema import Criterion, Scorecard

SCHEMA_NAME = "scorecard_answers"
_TASK = "audit"


@dataclass(frozen=True)
class Answered:
    """LLM2's result. Quotes hold what was redacted again, so that they match the original transcript."""

    answers: AuditAnswers
    identity: str
    scorecard_sha256: str
    provenance: Provenance


async def answer_scorecard(
    client: LlmClient,
    transcript: Transcript,
    understanding: Understanding,
    scorecard: Scorecard,
    *,
    metrics: CallMetrics | None = None,
    redact: bool = True,
    known: Known = NOTHING,
    wording: Wording = SHIPPED_WORDING,
) -> Answered:
    """Answers the criteria that the LLM is to answer and that apply. When none is left, nobody is asked.

    Args:
        client: The API.
        transcript: The original.
        understanding: LLM1's facts; the prompt gets call type and roles of it, not its opinions.
        scorecard: What to answer.
        metrics: Of the call: what code can settle by them is not asked; without them it is.
        redact: Whether private data is replaced before the transcript leaves.
        known: What is known of the call: names to replace, names to keep.
        wording: Which prompts.

    Raises:
        AnswerInvalid: The model's answer does not fit.
        TransientError, PermanentError: As `LlmClient.complete`.
    """
    prompt_sha256 = audit_prompt_hash(wording)
    # What goes through the whole call is work for a thread: requests in flight would wait for it.
    scope = await asyncio.to_thread(_scope, understanding, transcript, scorecard, metrics)
    model = client.settings.model
    identity = _identity(model, transcript, understanding, scorecard, scope, redact=redact, wording=wording)
    reply, made = None, nobody_asked(prompt_sha256)
    if scope.asked:
        leaving = await asyncio.to_thread(prepared, transcript, known, redacted=redact)
        answer = await _ask(client, leaving, understanding, scorecard, criteria=scope.asked, wording=wording)
        reply, made = answer.value, provenance(answer, prompt_sha256, leaving.redaction.counts)
    return Answered(_answers(scope, understanding, reply), identity, scorecard.sha256, made)


async def _ask(
    client: LlmClient,
    leaving: RedactedTranscript,
    understanding: Understanding,
    scorecard: Scorecard,
    *,
    criteria: Sequence[Criterion],
    wording: Wording,
) -> Structured[AuditReply]:
    asked = tuple(criterion.id for criterion in criteria)
    messages = prompting.messages(
        leaving.transcript,
        wording,
        _TASK,
        call_type=understanding.call_type.value,
        roles=roles_text(understanding),
        scorecard=_questions(scorecard, asked),
    )
    return await structured(
        client,
        messages,
        _schema(scorecard, asked),
        SCHEMA_NAME,
        item=leaving.transcript.call_id,
        read=lambda said: _read(leaving.redaction.restore_reply(said), criteria),
    )


def audit_identity(
    model: str,
    transcript: Transcript,
    understanding: Understanding,
    scorecard: Scorecard,
    *,
    metrics: CallMetrics | None = None,
    redact: bool = True,
    wording: Wording = SHIPPED_WORDING,
) -> str:
    """Names the request that `answer_scorecard` would make, without making it."""
    scope = _scope(understanding, transcript, scorecard, metrics)
    return _identity(model, transcript, understanding, scorecard, scope, redact=redact, wording=wording)


def _identity(
    model: str,
    transcript: Transcript,
    understanding: Understanding,
    scorecard: Scorecard,
    scope: Scope,
    *,
    redact: bool,
    wording: Wording,
) -> str:
    asked = [criterion.id for criterion in scope.asked]
    context = json.dumps([understanding.call_type, roles_text(understanding), asked])
    return prompting.request_identity(
        Stage.LLM2, transcript, model, audit_prompt_hash(wording), scorecard.sha256, redact, context=context
    )


@cache
def audit_prompt_hash(wording: Wording = SHIPPED_WORDING) -> str:
    """Identity of the stage's wording, without the scorecard, which has its own hash."""
    texts = [wording.text("system"), wording.text(_TASK)]
    return prompting.prompt_hash(*texts, json.dumps(prompting.strict_schema(AuditReply)))


def answers_schema(criteria: Sequence[Criterion]) -> dict[str, Any]:
    """The schema of an answer: one property per criterion, with its own options and no others."""
    schema = prompting.strict_schema(AuditReply)
    general = schema["$defs"].pop("GivenAnswer")
    by_id = {c.id: with_options(general, allowed_answers(c)) for c in criteria}
    schema["properties"]["answers"] = prompting.strict({"type": "object", "properties": by_id})
    return schema


# Calls of a run are asked the same; making questions and schema anew for each cost six times all the rest.
@lru_cache(maxsize=64)
def _questions(scorecard: Scorecard, asked: tuple[str, ...]) -> str:
    return asked_text(scorecard.criterion(criterion_id) for criterion_id in asked)


@lru_cache(maxsize=64)
def _schema(scorecard: Scorecard, asked: tuple[str, ...]) -> dict[str, Any]:
    return answers_schema([scorecard.criterion(criterion_id) for criterion_id in asked])


def allowed_answers(criterion: Criterion) -> list[str]:
    """The option keys, NA where the criterion allows it, and CANNOT_DETERMINE."""
    keys = [option.key for option in criterion.options]
    return [*keys, *([NOT_APPLICABLE] if criterion.na_allowed else []), CANNOT_DETERMINE]


def with_options(general: Mapping[str, Any], allowed: list[str]) -> dict[str, Any]:
    """The schema of one answer, with a criterion's own options and no others."""
    properties = dict(general["properties"]) | {"answer": {"type": "string", "enum": allowed}}
    return dict(general) | {"properties": properties}


def _read(said: Any, criteria: Sequence[Criterion]) -> AuditReply:
    asked = {criterion.id: allowed_answers(criterion) for criterion in criteria}
    reply = _with_keys(AuditReply.model_validate(said), asked)
    problems = [f"answers.{name} is missing" for name in asked if name not in reply.answers]
    problems += [f"answers.{name} was not asked" for name in reply.answers if name not in asked]
    problems += [
        f"answers.{name}.answer is {given.answer}; allowed are {', '.join(asked[name])}"
        for name, given in reply.answers.items()
        if name in asked and given.answer not in asked[name]
    ]
    if problems:
        raise ValueError("; ".join(problems))
    return reply


def _with_keys(reply: AuditReply, asked: Mapping[str, Sequence[str]]) -> AuditReply:
    """The reply with each answer as its option's key: "Yes" for `yes` is no reason to pay for a repair."""
    answers = {
        name: given.model_copy(update={"answer": as_key(given.answer, asked.get(name, ()))})
        for name, given in reply.answers.items()
    }
    return reply.model_copy(update={"answers": answers})


def _scope(
    understanding: Understanding, transcript: Transcript, scorecard: Scorecard, metrics: CallMetrics | None
) -> Scope:
    facts = {
        "analysable": understanding.analysable,
        "call_type": understanding.call_type.value,
        "language": transcript.language,
        "resolution": understanding.resolution.value,
        "contact_reasons": [reason.code for reason in understanding.contact_reasons],
        "signals": [signal.kind.value for signal in understanding.signals],
    }
    return scope_of(scorecard, facts, transcript, metrics)


def _answers(scope: Scope, understanding: Understanding, reply: AuditReply | None) -> AuditAnswers:
    return AuditAnswers(
        reply=reply,
        not_applicable=scope.not_applicable,
        roles=understanding.roles,
        out_of_scope=scope.misfit,
    )


def roles_text(understanding: Understanding) -> str:
    """Who stands behind the speaker labels, for a prompt."""
    roles = [f"{label} is {role.value}" for label, role in sorted(understanding.roles.items())]
    return "; ".join(roles) or "as they say"
