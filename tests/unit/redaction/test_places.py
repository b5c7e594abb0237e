"""Where somebody lives goes, in English and Spanish; other places stay."""

import pytest

from include.calls.transcript import Transcript
from include.redaction.known import Known
from include.redaction.recognition import NameRecogniser
from include.redaction.redacting import redact
from include.scorecards.evidence import EvidenceChecker, EvidenceStatus
from tests.unit.redaction.test_recognition import MODELS, call


@pytest.fixture(scope="module")
def recogniser() -> NameRecogniser:
    return NameRecogniser(MODELS)


def by_rules(*said: str, **known: tuple[str, ...]) -> list[str]:
    return [turn.text for turn in redact(call(*said), Known(**known)).transcript.turns]


def by_models(recogniser: NameRecogniser, transcript: Transcript, *kept: str) -> list[str]:
    made = redact(transcript, recogniser.recognise(transcript, Known(kept=kept)))
    texts = [turn.text for turn in made.transcript.turns]
    assert [made.redaction.restore(text) for text in texts] == [turn.text for turn in transcript.turns]
    return texts


def test_what_follows_a_street_is_private_wherever_it_stands() -> None:
    assert by_rules(
        "It's Twelve Orchard Street, flat B, Springfield, Illinois 62704.",
        "221b Baker Street in London, SW1A 1AA, you said?",
        "Springfield, Illinois, and I liked your Boston branch.",
        "Calle Mayor cinco, tercero izquierda, 28013 Alcalá de Henares.",
        "¿Alcalá de Henares? Estuve en la oficina de Valencia.",
    ) == [
        "It's [ADDRESS_1], flat B, [PLACE_1], [PLACE_2] [PLACE_3].",
        "[ADDRESS_2] in [PLACE_4], [PLACE_5], you said?",
        "[PLACE_1], [PLACE_2], and I liked your Boston branch.",
        "[ADDRESS_3], tercero izquierda, [PLACE_6] [PLACE_7].",
        "¿[PLACE_7]? Estuve en la oficina de Valencia.",
    ]


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("I live in Newcastle upon Tyne now.", "I live in [PLACE_1] now."),
        ("You live in Leeds, Daniel, right?", "You live in [PLACE_1], [NAME_1], right?"),
        ("My new house is in St. Albans.", "My new house is in [PLACE_1]."),
        ("Your city is York?", "Your city is [PLACE_1]?"),
        ("Vivo en La Coruña desde mayo.", "Vivo en [PLACE_1] desde mayo."),
        ("Mi casa está en Vigo.", "Mi casa está en [PLACE_1]."),
        ("i live in leeds with my mother", "i live in [PLACE_1] with my mother"),
        ("vivo en madrid con mi madre", "vivo en [PLACE_1] con mi madre"),
    ],
)
def test_what_is_given_as_a_home_is_private(said: str, left: str) -> None:
    assert by_rules(said, names=("Daniel Reed",)) == [left]


def test_the_answer_to_which_town_is_private() -> None:
    assert by_rules("And which city, please?", "Bristol.", "Bristol it is.", "Great.") == [
        "And which city, please?",
        "[PLACE_1].",
        "[PLACE_1] it is.",
        "Great.",
    ]
    assert by_rules("¿En qué ciudad vive?", "En Las Palmas.") == ["¿En qué ciudad vive?", "En [PLACE_1]."]


@pytest.mark.parametrize(
    "said",
    [
        "Thank you for calling the London branch of Riverside.",
        "We moved to Fibre Three Hundred in May.",
        "I live in a Victorian house, and I like to live in English.",
        "my home Wi-Fi is slow",
        "I live at twenty minutes from work",
        "Vivo en casa de mi hermana.",
        "La oficina de Valencia me llamó desde Sevilla.",
    ],
)
def test_other_places_stay(said: str) -> None:
    assert by_rules(said) == [said]


@pytest.mark.long
def test_a_model_knows_a_place_where_rules_cannot(recogniser: NameRecogniser) -> None:
    said = call(
        "Riverside Telecom, what is your address?",
        "The London branch has it. I moved to a small town near Denver last year.",
        "I see. Which is it?",
        "I'm calling from Seattle about the store in Boston.",
    )
    assert by_models(recogniser, said, "Riverside Telecom") == [
        "Riverside Telecom, what is your address?",
        "The London branch has it. I moved to a small town near [PLACE_1] last year.",
        "I see. Which is it?",
        "I'm calling from [PLACE_2] about the store in Boston.",
    ]


def test_a_model_knows_spanish_places_too(recogniser: NameRecogniser) -> None:
    said = call(
        "Le atiende Ana. ¿Me dice su dirección?",
        "Claro, es en Zaragoza.",
        "Gracias. ¿Fue a la oficina de Valencia?",
        "Sí, soy de Bilbao y me mudé a Sevilla. La tarifa de Francia es otra cosa.",
        language="es",
    )
    assert by_models(recogniser, said) == [
        "Le atiende [NAME_1]. ¿Me dice su dirección?",
        "Claro, es en [PLACE_1].",
        "Gracias. ¿Fue a la oficina de Valencia?",
        "Sí, soy de [PLACE_2] y me mudé a [PLACE_3]. La tarifa de Francia es otra cosa.",
    ]


def test_kept_names_are_no_homes(recogniser: NameRecogniser) -> None:
    said = call("I live in London Bridge Estates, and I'm from London Bridge Estates.")
    assert by_models(recogniser, said, "London Bridge Estates") == [said.turns[0].text]


def test_a_quote_with_a_place_is_found_as_evidence_once_it_is_restored() -> None:
    said = call("So you live in Leeds?", "Yes, at Twelve Orchard Street, Leeds.")
    made = redact(said)
    left = made.transcript.turns[1].text
    assert left == "Yes, at [ADDRESS_1], [PLACE_1]."
    assert made.redaction.counts == {"ADDRESS": 1, "PLACE": 2}
    quote = made.redaction.restore_reply({"quote": left})["quote"]
    assert EvidenceChecker(said).check(quote, "t1").status is EvidenceStatus.VERIFIED
