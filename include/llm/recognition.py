"""Presidio (https://microsoft.github.io/presidio) recognises what rules alone would miss.

Identifiers are recognised by their form and check digits, names of people by a spaCy model of the call's
language. Loading costs about 2 s of CPU time and 100 MB, and each small model 0.5 s and 60 MB more, so this
module is imported only where a transcript is redacted.
"""

import logging
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from presidio_analyzer import AnalyzerEngine, BatchAnalyzerEngine, PatternRecognizer, RecognizerRegistry
from presidio_analyzer.nlp_engine import SpacyNlpEngine
from presidio_analyzer.predefined_recognizers import (
    CreditCardRecognizer,
    EsNieRecognizer,
    EsNifRecognizer,
    IbanRecognizer,
    IpRecognizer,
    SpacyRecognizer,
    UkNinoRecognizer,
)

from include.calls.transcript import Transcript
from include.llm.known import NOTHING, Known
from include.llm.name_models import read_models
from include.llm.names import as_name

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
        EsNifRecognizer(),
        EsNieRecognizer(),
    )


class NameRecogniser:
    """Recognises people's names by language models.

    Args:
        models: Name of an installed spaCy model by language, ISO 639-1.
    """

    def __init__(self, models: Mapping[str, str]) -> None:
        self._languages = frozenset(models)
        self._engine = _engine(models)

    def recognise(self, transcript: Transcript, known: Known = NOTHING) -> Known:
        """Adds names of people in a call to what is known of it; none if no model has its language."""
        language = (transcript.language or "")[:2]
        if language not in self._languages:
            return known
        certain: dict[str, None] = {}
        doubtful: dict[str, None] = {}
        texts = [turn.text for turn in transcript.turns]
        for text, found in zip(texts, self._people(texts, language, known), strict=True):
            for start, name in found:
                begins = _SENTENCE_BEGINS.search(text[:start]) and " " not in name
                (doubtful if begins else certain)[name] = None
        words = {word for name in certain for word in name.split()}
        confirmed = [name for name in doubtful if name in words]
        return replace(known, names=(*known.names, *certain, *confirmed))

    def _people(self, texts: list[str], language: str, known: Known) -> Iterator[list[tuple[int, str]]]:
        """Start and name of all in each text."""
        analysed = self._engine.analyze_iterator(texts, language, entities=["PERSON"])
        for text, people in zip(texts, analysed, strict=True):
            seen = known.hidden(text)
            names = [as_name(seen, one.start, one.end) for one in people]
            yield [(start, name) for start, name in names if name]


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
        registry.add_recognizer(SpacyRecognizer(supported_language=language, supported_entities=["PERSON"]))
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
