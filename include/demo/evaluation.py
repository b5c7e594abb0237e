"""How right the transcripts are, against what the scripts of the sample calls say."""

import re
import unicodedata
from collections.abc import Sequence

import jiwer

from include.calls.call import ChannelRole
from include.calls.transcript import Turn
from include.card_data.masking import masked_turns
from include.demo.sample_calls.script import CallScript
from include.spoken.numbers import digits_for_words

# A sign that is spoken after its number, by language.
_SIGNS = {
    "en": {"$": "dollars", "€": "euros", "%": "percent"},
    "es": {"$": "dólares", "€": "euros", "%": "por ciento"},
}
# The recogniser writes American English and abbreviates; the scripts do not.
_SPELLINGS = {
    "ok": "okay",
    "okey": "okay",
    "mr": "mister",
    "mrs": "missus",
    "fiber": "fibre",
    "canceled": "cancelled",
}


def reference_text(script: CallScript) -> str:
    """What a perfect recogniser would write: one turn a line."""
    return "\n".join(turn.text for turn in script.turns)


def stored_text(script: CallScript) -> str:
    """The same as it would be stored: card data is masked."""
    said = [
        Turn(
            id=f"t{n}",
            speaker=ChannelRole(turn.speaker),
            channel=0,
            start_ms=0,
            end_ms=0,
            text=turn.text,
            confidence=1,
        )
        for n, turn in enumerate(script.turns, start=1)
    ]
    return "\n".join(turn.text for turn in masked_turns(said))


def normalise(text: str, language: str) -> str:
    """Takes off what is no difference to a listener: case, accents, punctuation, numbers in words or digits.

    Args:
        text: A reference or a hypothesis; both must pass here.
        language: ISO 639-1 code.
    """
    plain = text.replace("’", "'").lower()
    for sign, spoken in _SIGNS.get(language, {}).items():
        plain = re.sub(
            rf"{re.escape(sign)}\s?(\d[\d.,]*)|(\d)\s?{re.escape(sign)}", rf"\1\2 {spoken} ", plain
        )
    plain = re.sub(r"(?<=\d),(?=\d{3}\b)|(?<=\d)(st|nd|rd|th|º)\b|'|(?<=\be)-(?=mail)", "", plain)
    letters = unicodedata.normalize("NFKD", plain)
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    words = [_SPELLINGS.get(word, word) for word in re.findall(r"\d+|[^\W\d_]+", bare)]
    return " ".join(digits_for_words(words, language))


def word_error_rate(references: Sequence[str], hypotheses: Sequence[str]) -> float:
    """Word errors per reference word over all texts together; both sides must be normalised.

    Raises:
        ValueError: The numbers of texts differ, or no reference has a word.
    """
    if len(references) != len(hypotheses) or not any(references):
        raise ValueError(f"{len(hypotheses)} hypotheses for {len(references)} references: pass one for each.")
    return float(jiwer.wer(list(references), list(hypotheses)))
