"""Asks one criterion again, by itself: of another model, or of the same one at another temperature."""

import json
from functools import cache, lru_cache
from typing import Any

from include.calls.transcript import Transcript
from include.llm import prompting
from include.llm.answers_schema import allowed_answers, answer_schema
from include.llm.audit import roles_text
from include.llm.client import LlmClient
from include.llm.facts import Understanding
from include.llm.structured import Structured, structured
from include.llm.wording import SHIPPED_WORDING, Wording
from include.redaction.redacting import RedactedTranscript
from include.scorecards.answers import GivenAnswer, as_key
from include.scorecards.asking import asked_text
from include.scorecards.schema import Criterion

# What it is called among schemas, stored answers and what was paid for.
SECOND_OPINION = "second_opinion"


async def ask_again(
    client: LlmClient,
    leaving: RedactedTranscript,
    understanding: Understanding,
    criterion: Criterion,
    *,
    wording: Wording = SHIPPED_WORDING,
) -> Structured[GivenAnswer]:
    """An answer to one criterion by somebody who knows nothing of the first.

    The transcript is the whole one, in the same bytes as LLM1 and LLM2 have it: what was not said can be told
    by nothing less, and a provider that has cached it takes less for it.

    Args:
        client: The API, with the model and the temperature to ask at.
        leaving: The transcript as it may leave.
        understanding: LLM1's facts: call type and roles.
        criterion: What to answer.
        wording: Which prompts.

    Raises:
        AnswerInvalid: The model's answer does not fit.
        TransientError, PermanentError: As `LlmClient.complete`.
    """
    messages = prompting.messages(
        leaving.transcript,
        wording,
        SECOND_OPINION,
        call_type=understanding.call_type.value,
        roles=roles_text(understanding),
        scorecard=_question(criterion),
    )
    return await structured(
        client,
        messages,
        _schema(criterion),
        SECOND_OPINION,
        item=leaving.transcript.call_id,
        read=lambda said: _read(leaving.redaction.restore_reply(said), criterion),
    )


def opinion_identity(
    client: LlmClient,
    transcript: Transcript,
    understanding: Understanding,
    criterion: Criterion,
    number: int,
    *,
    redact: bool,
    wording: Wording = SHIPPED_WORDING,
) -> str:
    """Names the request that `ask_again` would make, without making it; samples differ by their number."""
    settings = client.settings
    context = [understanding.call_type, roles_text(understanding), _question(criterion)]
    return prompting.request_identity(
        SECOND_OPINION,
        transcript,
        settings.model,
        opinion_prompt_hash(wording),
        redact=redact,
        context=json.dumps([*context, allowed_answers(criterion), settings.temperature, number]),
    )


@cache
def opinion_prompt_hash(wording: Wording = SHIPPED_WORDING) -> str:
    """Identity of the wording, without the criterion's own."""
    texts = prompting.wording_texts(wording, SECOND_OPINION)
    return prompting.prompt_hash(*texts, json.dumps(prompting.strict_schema(GivenAnswer)))


# Criteria cannot be hashed; their content is that of their JSON.
def _question(criterion: Criterion) -> str:
    return asked_text([criterion])


def _schema(criterion: Criterion) -> dict[str, Any]:
    return _schema_of(tuple(allowed_answers(criterion)))


@lru_cache(maxsize=64)
def _schema_of(allowed: tuple[str, ...]) -> dict[str, Any]:
    return answer_schema(list(allowed))


def _read(said: Any, criterion: Criterion) -> GivenAnswer:
    given = GivenAnswer.model_validate(said)
    allowed = allowed_answers(criterion)
    answer = as_key(given.answer, allowed)
    if answer not in allowed:
        raise ValueError(f"answer is {given.answer}; allowed are {', '.join(allowed)}")
    return given.model_copy(update={"answer": answer})
