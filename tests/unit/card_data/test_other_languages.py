"""Card numbers and codes in languages beside English and Spanish, however they are read, and what is none."""

from collections.abc import Iterator
from itertools import islice
from random import Random

import pytest

from include.card_data.masking import masked
from include.scorecards.rules import no_card_data_spoken
from include.spoken.european_numbers import spelled, words_for
from include.spoken.numbers import numbers_in
from include.spoken.numbers import spelled as english
from tests.corpora.identifiers import card_number

ASKED = {
    "fr": ("Je voudrais payer par carte.", "Quel est le numéro de votre carte ?", "Le cryptogramme au dos ?"),
    "de": ("Ich möchte mit Karte bezahlen.", "Wie lautet Ihre Kartennummer?", "Und die Prüfnummer?"),
    "it": ("Vorrei pagare con la carta.", "Mi dice il numero della carta?", "E il codice di sicurezza?"),
    "pt": ("Quero pagar com cartão.", "Qual é o número do cartão?", "E o código de segurança no verso?"),
    "nl": ("Ik wil met mijn kaart betalen.", "Wat is uw kaartnummer?", "En de beveiligingscode achterop?"),
    "ru": ("Я хочу оплатить картой.", "Назовите номер вашей карты?", "И код безопасности на обороте?"),
}
WAYS = (
    "figures",
    "words",
    "pairs",
    "echoed",
    "mixed with English",
    "digit by digit",
    "digit by digit, echoed",
)
TRIES = 6


def said_in(language: str, way: str, group: str, number: int) -> str:
    if way == "figures" or (way.startswith("digit") and number % 2):
        return group
    if way == "pairs":
        return " ".join(
            words_for(int(pair), language)[0] if pair[0] != "0" else " ".join(spelled(pair, language))
            for pair in (group[:2], group[2:])
            if pair
        )
    if way == "mixed with English" and number % 2:
        return " ".join(english(group, "en"))
    return " ".join(spelled(group, language))


def dictated(language: str, way: str, card: str) -> Iterator[tuple[str, str]]:
    wants, asks, _ = ASKED[language]
    yield from (("customer", wants), ("agent", asks))
    size = 1 if way.startswith("digit") else 4
    groups = [card[at : at + size] for at in range(0, len(card), size)]
    said = [said_in(language, way, group, n) for n, group in enumerate(groups)]
    if "echoed" in way:
        yield from (turn for one in said for turn in (("customer", f"{one}."), ("agent", f"{one}.")))
    elif size == 1:
        yield from (turn for one in said for turn in (("customer", f"{one}."), ("agent", "Mm-hm.")))
    else:
        yield ("customer", ", ".join(said))


def cards(language: str, way: str) -> list[str]:
    """Without a one that would be all that a turn says: there it is an article."""
    chance = Random(f"{language} {way}")
    made = (card_number(chance) for _ in range(1000))
    told = (card for card in made if len(card) == 16 and ("1" not in card or size_of(way) > 1))
    return list(islice(told, TRIES))


def size_of(way: str) -> int:
    return 1 if way.startswith("digit") else 4


@pytest.mark.long
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("language", ASKED)
def test_a_card_number_is_found_and_masked(spoken, language, way):
    drawn = cards(language, way)
    assert len(drawn) == TRIES
    for card in drawn:
        call = masked(spoken(*dictated(language, way, card)))
        left = [number.digits for turn in call.turns for number in numbers_in(turn.text)]
        left = [digits for digits in left if digits != card[-4:]]
        assert no_card_data_spoken(call).answer == "no", (card, call.text)
        assert not left, (card, call.text)


@pytest.mark.parametrize("way", ["figures", "words", "digit by digit", "digit by digit, echoed"])
@pytest.mark.parametrize("language", ASKED)
def test_the_code_is_found_and_masked(spoken, language, way):
    wants, asks, code = ASKED[language]
    turns = [("customer", wants), ("agent", asks), ("customer", "4539 5787 6362 1486"), ("agent", code)]
    groups = list("604") if way.startswith("digit") else ["604"]
    for n, group in enumerate(groups):
        turns.append(("customer", said_in(language, way, group, n)))
        turns += [turns[-1] and ("agent", turns[-1][1])] if "echoed" in way else [("agent", "Mm-hm.")]
    call = masked(spoken(*turns))
    assert not [n.digits for turn in call.turns[4:] for n in numbers_in(turn.text)], call.text
    assert call.text.count("[card security code]") >= len(groups)


OTHERS = [
    ("Quel est votre numéro de commande ?", "4539578763621486"),
    ("Votre numéro de dossier s'il vous plaît ?", "4539 5787 6362 1486"),
    ("Ne donnez jamais le cryptogramme de votre carte.", "Mon poste est le 604."),
    ("Quel est votre numéro de téléphone ?", "zéro six douze trente-quatre cinquante-six soixante-dix-huit"),
    ("Votre IBAN ?", "FR14 2004 1010 0505 0001 3M02 606"),
    ("Votre carte de fidélité ?", "4539 5787 6362 1486"),
    ("Le code au dos du routeur ?", "604"),
    ("Wie lautet Ihre Bestellnummer?", "4539578763621486"),
    ("Ihre Kundennummer bitte?", "4539 5787 6362 1486"),
    ("Nennen Sie niemals die Prüfnummer Ihrer Karte.", "Meine Durchwahl ist 604."),
    ("Ihre Telefonnummer?", "null eins sieben sechs eins zwei drei vier fünf sechs sieben"),
    ("Ihre IBAN?", "DE89 3704 0044 0532 0130 00"),
    ("Die Nummer Ihrer Krankenversichertenkarte?", "4539 5787 6362 1486"),
    ("Die Nummer auf der Rückseite des Routers?", "604"),
    ("Qual è il numero d'ordine?", "4539578763621486"),
    ("Il suo codice cliente?", "4539 5787 6362 1486"),
    ("Non dica mai a nessuno il codice di sicurezza della sua carta.", "Il mio interno è 604."),
    ("Il suo numero di telefono?", "tre quattro sette uno due tre quattro cinque sei sette"),
    ("Il numero della carta fedeltà?", "4539 5787 6362 1486"),
    ("Il codice sul retro del router?", "604"),
    ("Qual é o número do pedido?", "4539578763621486"),
    ("O seu protocolo?", "4539 5787 6362 1486"),
    ("Nunca diga a ninguém o código de segurança do cartão.", "O meu ramal é 604."),
    ("O seu telefone?", "nove um dois três quatro cinco seis sete oito"),
    ("O seu CPF?", "um dois três quatro cinco seis sete oito nove zero um"),
    ("O código no verso do roteador?", "604"),
    ("Wat is uw bestelnummer?", "4539578763621486"),
    ("Uw klantnummer?", "4539 5787 6362 1486"),
    ("Geef nooit de beveiligingscode van uw kaart door.", "Mijn toestel is 604."),
    ("Uw telefoonnummer?", "nul zes een twee drie vier vijf zes zeven acht"),
    ("Назовите номер заказа?", "4539578763621486"),
    ("Номер договора?", "4539 5787 6362 1486"),
    ("Никому не сообщайте код безопасности вашей карты.", "Мой добавочный 604."),
    ("Ваш телефон?", "девять один шесть один два три сорок пять шестьдесят семь"),
    ("Номер скидочной карты?", "4539 5787 6362 1486"),
]


@pytest.mark.parametrize(("asks", "answers"), OTHERS)
def test_another_number_is_no_card_data(spoken, asks, answers):
    found = no_card_data_spoken(spoken(("agent", asks), ("customer", answers)))
    assert found.answer == "yes", found
