"""LLM2, audit: one answer per criterion of a scorecard. Code checks and scores them afterwards."""

import asyncio
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from include.calls.stage import Stage
from include.calls.transcript import Transcript
from include.gpu.wire import IvrResult
from include.llm import prompting
from include.llm.answers_schema import allowed_answers, answers_schema
from include.llm.circumstances import Circumstances, circumstances_of
from include.llm.client import LlmClient
from include.llm.facts import Understanding
from include.llm.structured import Provenance, Structured, nobody_asked, provenance, structured
from include.llm.wording import SHIPPED_WORDING, Wording
from include.redaction.known import NOTHING, Known
from include.redaction.redacting import RedactedTranscript, prepared
from include.scorecards.answers import AuditAnswers, AuditReply, as_key
from include.scorecards.applicability import Scope, scope_of
from include.scorecards.asking import asked_text, may_be_left_out
from include.scorecards.metrics import CallMetrics
from include.scorecards.schema import AnsweredBy, Criterion, Scorecard

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
    ivr: IvrResult | None = None,
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
        ivr: What was cut out of the call; the prompt mentions it.
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
    model, circumstances = client.settings.model, circumstances_of(transcript, ivr)
    identity = _identity(
        model,
        transcript,
        understanding,
        scorecard,
        scope,
        circumstances=circumstances,
        redact=redact,
        wording=wording,
    )
    reply, made = None, nobody_asked(prompt_sha256)
    if scope.asked:
        leaving = await asyncio.to_thread(prepared, transcript, known, redacted=redact)
        answer = await _ask(
            client,
            leaving,
            understanding,
            scorecard,
            criteria=scope.asked,
            circumstances=circumstances,
            wording=wording,
        )
        reply, made = answer.value, provenance(answer, prompt_sha256, leaving.redaction.counts)
    return Answered(_answers(scope, understanding, reply), identity, scorecard.sha256, made)


async def _ask(
    client: LlmClient,
    leaving: RedactedTranscript,
    understanding: Understanding,
    scorecard: Scorecard,
    *,
    criteria: Sequence[Criterion],
    circumstances: Circumstances,
    wording: Wording,
) -> Structured[AuditReply]:
    asked_ids = tuple(criterion.id for criterion in criteria)
    messages = prompting.messages(
        leaving.transcript,
        wording,
        _TASK,
        circumstances=circumstances,
        call_type=understanding.call_type.value,
        roles=roles_text(understanding),
        scorecard=_questions(scorecard, asked_ids),
        left_out=_left_out_text(scorecard, asked_ids),
    )
    return await structured(
        client,
        messages,
        _schema(scorecard, asked_ids),
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
    ivr: IvrResult | None = None,
    redact: bool = True,
    wording: Wording = SHIPPED_WORDING,
) -> str:
    """Names the request that `answer_scorecard` would make, without making it."""
    scope, circumstances = (
        _scope(understanding, transcript, scorecard, metrics),
        circumstances_of(transcript, ivr),
    )
    return _identity(
        model,
        transcript,
        understanding,
        scorecard,
        scope,
        circumstances=circumstances,
        redact=redact,
        wording=wording,
    )


def _identity(
    model: str,
    transcript: Transcript,
    understanding: Understanding,
    scorecard: Scorecard,
    scope: Scope,
    *,
    circumstances: Circumstances,
    redact: bool,
    wording: Wording,
) -> str:
    asked_ids = [criterion.id for criterion in scope.asked]
    context = json.dumps([understanding.call_type, roles_text(understanding), asked_ids, circumstances.text])
    return prompting.request_identity(
        Stage.LLM2, transcript, model, audit_prompt_hash(wording), scorecard.sha256, redact, context=context
    )


@cache
def audit_prompt_hash(wording: Wording = SHIPPED_WORDING) -> str:
    """Identity of the stage's wording, without the scorecard, which has its own hash."""
    texts = prompting.wording_texts(wording, _TASK)
    return prompting.prompt_hash(*texts, json.dumps(prompting.strict_schema(AuditReply)))


# Calls of a run are asked the same; making questions and schema anew for each cost six times all the rest.
@lru_cache(maxsize=64)
def _questions(scorecard: Scorecard, asked_ids: tuple[str, ...]) -> str:
    """Those that every call is asked come first: what calls have in common ends where they differ."""
    criteria = [scorecard.criterion(criterion_id) for criterion_id in asked_ids]
    return asked_text(sorted(criteria, key=may_be_left_out))


@lru_cache(maxsize=64)
def _schema(scorecard: Scorecard, asked_ids: tuple[str, ...]) -> dict[str, Any]:
    """The same for every call of a scorecard: providers that show it to the model put it before all else."""
    return answers_schema(_in_schema(scorecard, asked_ids))


def _in_schema(scorecard: Scorecard, asked_ids: Collection[str]) -> list[Criterion]:
    """The criteria of the schema: those asked of this call, and those left out here, which are null."""
    return [c for c in scorecard.answered_by(AnsweredBy.LLM) if c.id in asked_ids or may_be_left_out(c)]


def _left_out_text(scorecard: Scorecard, asked_ids: Collection[str]) -> str:
    left_out = [c.id for c in _in_schema(scorecard, asked_ids) if c.id not in asked_ids]
    return f" Not asked in this call, so null: {', '.join(left_out)}." if left_out else ""


def _read(said: Any, criteria: Sequence[Criterion]) -> AuditReply:
    """The answers to what was asked; others are passed over: nobody reads them.

    Null where it may stand is no answer, and no reason to pay for a repair: it cannot be determined then.
    """
    asked = {criterion.id: allowed_answers(criterion) for criterion in criteria}
    may_be_null = {criterion.id for criterion in criteria if may_be_left_out(criterion)}
    answers, null = _answers_given(said)
    reply = _with_keys(AuditReply.model_validate({**said, "answers": answers} if null else said), asked)
    problems = [
        f"answers.{name} is missing"
        for name in asked
        if name not in reply.answers and name not in null & may_be_null
    ]
    problems += [
        f"answers.{name}.answer is {given.answer}; allowed are {', '.join(asked[name])}"
        for name, given in reply.answers.items()
        if given.answer not in asked[name]
    ]
    if problems:
        raise ValueError("; ".join(problems))
    return reply


def _answers_given(said: Any) -> tuple[dict[str, Any], set[str]]:
    """A reply's answers, and the names of those that are null."""
    answers = said.get("answers") if isinstance(said, dict) else None
    if not isinstance(answers, dict):
        return {}, set()
    null = {name for name, given in answers.items() if given is None}
    return {name: given for name, given in answers.items() if given is not None}, null


def _with_keys(reply: AuditReply, asked: Mapping[str, Sequence[str]]) -> AuditReply:
    """The reply with each answer as its option's key: "Yes" for `yes` is no reason to pay for a repair."""
    answers = {
        name: given.model_copy(update={"answer": as_key(given.answer, asked[name])})
        for name, given in reply.answers.items()
        if name in asked
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
