"""What is written in another language than it was heard in is told; names and short answers are not."""

import pytest

from include.gpu_host.stages.text_language import reads_otherwise

ENGLISH = "Thank you for calling, I am going to check what it was that they did to your line."
SAID = {
    "en": ENGLISH,
    "es": "Buenos días, gracias por llamar, le voy a decir lo que tiene que hacer con su factura.",
    "fr": "Bonjour madame, je vous remercie de votre appel, nous allons voir ce qui est sur la facture.",
    "de": "Guten Tag, ich sehe hier, dass die Rechnung noch nicht bezahlt ist, aber das ist kein Problem.",
    "it": "Buongiorno, la ringrazio per la chiamata, adesso vediamo che cosa non va con il suo telefono.",
    "pt": "Bom dia, obrigado por ligar, vou ver o que não está bem com a sua conta e já lhe digo.",
    "ru": "Добрый день, спасибо за звонок, сейчас я посмотрю, что случилось с вашим договором.",
}


@pytest.mark.parametrize("language", SAID)
def test_a_text_reads_as_its_own_language_and_as_no_other(language: str) -> None:
    assert [told for told in SAID if not reads_otherwise(SAID[language], told)] == [language]


def test_names_short_answers_and_figures_are_no_other_language() -> None:
    assert not reads_otherwise("Yes, it is María de los Ángeles García, from Los Angeles.", "en")
    assert not reads_otherwise("Sí, el router es un Netgear, y el plan es Smart Home for You.", "es")
    assert not reads_otherwise("Gracias, sí, no.", "en")
    assert not reads_otherwise("12 34 56 78 90 12 34", "es")
    assert not reads_otherwise("", "en")


def test_a_language_that_is_not_listed_is_not_judged_by_words() -> None:
    assert not reads_otherwise(ENGLISH, "sv")
    assert not reads_otherwise(ENGLISH, "ja")
    assert reads_otherwise(ENGLISH, "uk")
