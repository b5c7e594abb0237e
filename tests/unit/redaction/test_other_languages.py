"""What is private in languages beside English and Spanish: asked for, and said in their words."""

import pytest

from include.redaction.redacting import redact

PRIVATE = [
    ("Votre date de naissance ?", "le quatre mars 1985", "DOB"),
    ("Quelle est votre date de naissance ?", "Le 4 mars 1985.", "DOB"),
    ("Vous êtes née quand ?", "le 1er avril 1972", "DOB"),
    ("Ihr Geburtsdatum?", "4. März 1985", "DOB"),
    ("Wann sind Sie geboren?", "am 12. Dezember 1960", "DOB"),
    ("La sua data di nascita?", "quattro marzo 1985", "DOB"),
    ("Quando è nato?", "il 4 luglio 1985", "DOB"),
    ("A sua data de nascimento?", "quatro de março de 1985", "DOB"),
    ("Uw geboortedatum?", "4 maart 1985", "DOB"),
    ("Ваша дата рождения?", "4 марта 1985", "DOB"),
    ("Votre adresse e-mail ?", "jean point dupont arobase gmail point com", "EMAIL"),
    ("Ihre E-Mail-Adresse?", "hans punkt berg at gmail punkt com", "EMAIL"),
    ("La sua email?", "mario punto verdi chiocciola gmail punto com", "EMAIL"),
    ("O seu e-mail?", "joao ponto silva arroba gmail ponto com", "EMAIL"),
    ("Votre numéro de téléphone ?", "zéro six douze trente-quatre cinquante-six soixante-dix-huit", "PHONE"),
    ("Ihre Telefonnummer?", "null eins sieben sechs eins zwei drei vier fünf sechs sieben", "PHONE"),
    ("Il suo telefono?", "tre quattro sette uno due tre quattro cinque sei sette", "PHONE"),
    ("O seu telefone?", "nove um dois três quatro cinco seis sete oito", "PHONE"),
    ("Votre code secret ?", "4821", "PIN"),
    ("Ihre Geheimzahl?", "vier acht zwei eins", "PIN"),
    ("A sua senha?", "4821", "PIN"),
    ("Uw pincode?", "4821", "PIN"),
    ("Ваш пин-код?", "4821", "PIN"),
    ("Il codice fiscale?", "RSSMRA85T10A562S", "ID"),
]


@pytest.mark.parametrize(("asks", "answers", "kind"), PRIVATE)
def test_what_is_private_is_replaced(spoken, asks, answers, kind):
    redacted = redact(spoken(("agent", asks), ("customer", answers)))
    assert f"[{kind}_1]" in redacted.transcript.turns[1].text
    left = redacted.transcript.turns[1].text.replace(f"[{kind}_1]", "").strip(" .").split()
    assert set(left) <= {"le", "Le", "am", "il"}, left
    assert redacted.redaction.restore(redacted.transcript.turns[1].text) == answers


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("Je m'appelle Jean Dupont.", "Dupont"),
        ("Mon nom est Aurélie Lefèvre.", "Lefèvre"),
        ("Mein Name ist Uwe Köhler.", "Köhler"),
        ("Ich heiße Uwe Köhler.", "Köhler"),
        ("Mi chiamo Ginevra Bellucci.", "Bellucci"),
        ("Il mio nome è Ginevra Bellucci.", "Bellucci"),
        ("Meu nome é João Teixeira.", "Teixeira"),
        ("Ik heet Joost Visser.", "Visser"),
        ("Меня зовут Иван Петров.", "Петров"),
    ],
)
def test_names_that_are_introduced_are_replaced_all_over_the_call(spoken, said, name):
    redacted = redact(spoken(("customer", said), ("agent", f"{name}, {name}?")))
    assert name not in redacted.transcript.text


@pytest.mark.parametrize(
    "said",
    [
        "Votre facture est du 4 mars, de quinze euros.",
        "Wir rufen Sie am 4. März um neun Uhr zurück.",
        "Il tecnico viene il quattro marzo alle nove.",
        "A fatura de março é de trinta e dois euros.",
        "Договор до 4 марта, пятнадцать евро.",
        "Uw factuur van 4 maart is vijftien euro.",
    ],
)
def test_dates_and_amounts_stay(spoken, said):
    assert redact(spoken(("agent", said))).transcript.turns[0].text == said
