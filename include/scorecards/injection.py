"""Finds what is said to the model that reads the transcript, and not to the other side of the line.

Wording only, English and Spanish: it finds plain attempts, and what it misses still meets checked evidence,
rules and metrics. Whoever talks about computers may be found too, so a find sends a call to a person and
decides nothing.
"""

import re
from collections.abc import Iterator
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from include.calls.transcript import Transcript, Turn
from include.spoken.folding import plain

QUOTE_CHARS = 160
_INSTRUCTIONS = r"(instructions?|prompts?|rules|guidelines|criteria|scorecard|instrucciones|reglas|criterios)"
_VERDICT = (
    r"(pass(ed|es|ing)?|yes(?! or no)|(full|perfect|maximum|highest|top|best) (score|marks?|points?)"
    r"|(a |one )?hundred percent|100|aprobad[oa]s?|(nota|puntuacion) maxima|maxima (nota|puntuacion)"
    r"|correct[oa]s?)"
)
_ALL = (
    r"(everything|all (of )?(the |these |those )?(criteria|questions|answers|items|points)|every (criterion"
    r"|question|answer|item)|this (call|agent|audit|evaluation)|todo|todos los criterios|esta llamada)"
)
_JUDGE = r"(mark|rate|score|grade|answer|set|give|assign|marc\w+|calific\w+|punt\w+|responde\w*|dale|ponle)"
_MODEL = r"(\w+ )?(ai|language model|llm|auditor|grader|evaluator|chatbot|ia|modelo|auditora|evaluadora?)"


class Attempt(StrEnum):
    """What the words try."""

    INSTRUCTION = "instruction"
    VERDICT = "verdict"
    ROLE = "role"
    MARKUP = "markup"


class SpokenToModel(BaseModel):
    """A turn that may be meant for the model; ms of the original recording."""

    model_config = ConfigDict(frozen=True)

    turn_id: str
    start_ms: int = Field(ge=0)
    end_ms: int | None = None
    attempt: Attempt
    quote: str


# Over lower-case text without accents.
_SPOKEN: dict[Attempt, re.Pattern[str]] = {
    Attempt.INSTRUCTION: re.compile(
        rf"\b(ignor\w+|disregard|forget|overrid\w+|bypass|olvid\w+|desobedec\w+|no (hagas|haga) caso)\b"
        rf"[^.?!]{{0,40}}\b{_INSTRUCTIONS}\b"
        rf"|\b(new|updated|nuevas) {_INSTRUCTIONS}( from| for| de|:)"
        r"|\b(system prompt|(system|developer) override|developer mode)\b"
        r"|\byour (new )?instructions are (to|now)\b|\btus instrucciones (son|ahora)\b"
    ),
    Attempt.VERDICT: re.compile(
        rf"\b{_JUDGE}\b[^.?!]{{0,30}}\b{_ALL}\b[^.?!]{{0,30}}\b{_VERDICT}(?!\w)"
        rf"|\b{_JUDGE} {_VERDICT} (to|for|on|in|a|en) {_ALL}\b"
        r"|\b(give|assign|award|dale|ponle|otorg\w+)\b[^.?!]{0,30}\b(full marks"
        r"|(full|perfect|maximum|highest) score|maxima (nota|puntuacion))\b"
    ),
    Attempt.ROLE: re.compile(
        rf"\b(you are (now )?(a|an|the)|eres (ahora )?(un|una|el|la)) {_MODEL}\b"
        rf"|\b(dear|attention|(note|message) (to|for)|hey|hello|hi) (the )?{_MODEL}\b"
        rf"|\b(atencion|(nota|mensaje) para)( el| la)? {_MODEL}\b"
        r"|\b(end|fin) (of|de) (the |la )?(transcript|transcripcion)\b|\btranscript (ends|is over|closed)\b"
    ),
    Attempt.MARKUP: re.compile(
        r"</?\s*(transcript|scorecard|system|contact_reasons)\b|<\|\w+|\[/?inst\]|```"
        r"|\[\s*t\d+\s*\|"
        r"|[\"'](answers?|criterion_id|evidence|justification|overall_comment)[\"']\s*:"
        r"|(^|\n)\s*(system|assistant|user)\s*:"
        r"|\b(open|left) (curly )?(brace|bracket)\b[^.?!]{0,60}\b(quote|colon|answers?)\b"
    ),
}


def spoken_to_model(transcript: Transcript) -> list[SpokenToModel]:
    """The turns that may be meant for the model, each once, in order."""
    return [found for turn in transcript.turns for found in _in_turn(turn)]


def _in_turn(turn: Turn) -> Iterator[SpokenToModel]:
    said = plain(turn.text)
    for attempt, pattern in _SPOKEN.items():
        if found := pattern.search(said):
            quote = _around(turn.text, found.start())
            yield SpokenToModel(turn_id=turn.id, start_ms=turn.start_ms, attempt=attempt, quote=quote)
            return


def _around(text: str, at: int) -> str:
    """The words from about a place on (folding may move it a little); a short turn whole."""
    start = 0 if len(text) <= QUOTE_CHARS else max(0, min(at, len(text) - QUOTE_CHARS))
    return text[start : start + QUOTE_CHARS].strip()
