"""Presidio (https://microsoft.github.io/presidio) recognises what rules alone would miss.

Identifiers are recognised by their form and check digits, people and places by a spaCy model of the call's
language. Loading costs about 2 s of CPU time and 100 MB, and each small model 0.5 s and 60 MB more, so this
module is imported only where a transcript is redacted.
"""

import logging
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from presidio_analyzer import (
    AnalyzerEngine,
    BatchAnalyzerEngine,
    PatternRecognizer,
    RecognizerRegistry,
    RecognizerResult,
)
from presidio_analyzer.nlp_engine import SpacyNlpEngine
from presidio_analyzer.predefined_recognizers import (
    CreditCardRecognizer,
    EsNieRecognizer,
    EsNifRecognizer,
    IbanRecognizer,
    IpRecognizer,
    ItFiscalCodeRecognizer,
    SpacyRecognizer,
    UkNinoRecognizer,
)

from include.calls.transcript import Transcript
from include.redaction.known import NOTHING, Known
from include.redaction.name_models import read_models
from include.redaction.names import as_name
from include.redaction.places import homes_among

_PERSON, _PLACE = "PERSON", "LOCATION"
_KINDS = {"CREDIT_CARD": "CARD", "IBAN_CODE": "IBAN", "IP_ADDRESS": "IP"}
_LEAST_SCORE = 0.5
# What a model needs to find names; the rest (parser, lemmatiser, …) costs time.
_PIPES = ("tok2vec", "transformer", "ner")
# It tells every task of each label that it does not use, and of each recogniser that it does.
logging.getLogger("presidio-analyzer").setLevel(logging.ERROR)
# A word that begins a sentence is written with a capital whatever it is.
_SENTENCE_BEGINS = re.compile(r"(?:^|[.?!…¡¿:]\s*)$")


def identifiers(text: str) -> Iterator[tuple[int, int, str]]:
    """Start, end and type of card numbers, IBANs, IP addresses and national ids (type `ID`)."""
    for recogniser in _identifier_recognisers():
        for found in recogniser.analyze(text, recogniser.supported_entities):
            if found.score >= _LEAST_SCORE:
                before = len(text[found.start : found.end]) - len(text[found.start : found.end].lstrip())
                yield found.start + before, found.end, _KINDS.get(found.entity_type, "ID")


@cache
def _identifier_recognisers() -> tuple[PatternRecognizer, ...]:
    # Not Presidio's phone numbers: some of them are dates, and rules find phone numbers. Nor its e-mail
    # addresses: they ask the network for a list of domains.
    return (
        CreditCardRecognizer(),
        IbanRecognizer(),
        IpRecognizer(),
        UkNinoRecognizer(),
        ItFiscalCodeRecognizer(),
        EsNifRecognizer(),
        EsNieRecognizer(),
    )


class NameRecogniser:
    """Recognises people's names, and the places where they live, by language models.

    Args:
        models: Name of an installed spaCy model by language, ISO 639-1.
    """

    def __init__(self, models: Mapping[str, str]) -> None:
        self._languages = frozenset(models)
        self._engine = _engine(models)

    def recognise(self, transcript: Transcript, known: Known = NOTHING) -> Known:
        """Adds what a model of the call's language finds in it, people's names and where they live."""
        language = (transcript.language or "")[:2]
        if language not in self._languages:
            return known
        texts = [turn.text for turn in transcript.turns]
        found = list(self._engine.analyze_iterator(texts, language, entities=[_PERSON, _PLACE]))
        seen = [known.hidden(text) for text in texts]
        names = _names(seen, [_spans(one, _PERSON) for one in found])
        places = homes_among(seen, [_spans(one, _PLACE) for one in found])
        return replace(known, names=(*known.names, *names), places=(*known.places, *places))


def _spans(found: list[RecognizerResult], kind: str) -> list[tuple[int, int]]:
    return [(one.start, one.end) for one in found if one.entity_type == kind]


def _names(texts: Sequence[str], people: Sequence[Sequence[tuple[int, int]]]) -> list[str]:
    """Of what a model takes for people in each text: their names."""
    certain: dict[str, None] = {}
    doubtful: dict[str, None] = {}
    for text, spans in zip(texts, people, strict=True):
        for start, name in (as_name(text, *span) for span in spans):
            begins = _SENTENCE_BEGINS.search(text[:start]) and " " not in name
            (doubtful if begins else certain)[name] = None
    words = {word for name in certain for word in name.split()}
    return [*filter(None, certain), *(name for name in doubtful if name in words)]


def _engine(models: Mapping[str, str]) -> BatchAnalyzerEngine:
    nlp = SpacyNlpEngine([{"lang_code": language, "model_name": name} for language, name in models.items()])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a model may be of another minor version of spaCy
        nlp.load()
    loaded: dict[str, Any] = nlp.nlp or {}
    for model in loaded.values():
        model.select_pipes(enable=[pipe for pipe in model.pipe_names if pipe in _PIPES])
    registry = RecognizerRegistry(supported_languages=list(models))
    for language in models:
        registry.add_recognizer(
            SpacyRecognizer(supported_language=language, supported_entities=[_PERSON, _PLACE])
        )
    engine = AnalyzerEngine(registry=registry, nlp_engine=nlp, supported_languages=list(models))
    return BatchAnalyzerEngine(engine)


@cache
def name_recogniser(models: str) -> NameRecogniser | None:
    """The recogniser that settings describe, loaded once in a process.

    Args:
        models: Like `en: en_core_web_sm, es: es_core_news_sm`; empty for none.

    Raises:
        InvalidInput: The list cannot be read, or a model is not installed.
    """
    _identifier_recognisers()  # they are needed with it
    named = read_models(models)
    return NameRecogniser(named) if named else None
