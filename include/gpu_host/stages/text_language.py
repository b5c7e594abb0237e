"""Which language a text is written in, as far as its commonest words tell: a check on what was heard in it.

A recogniser that is told the wrong language, or takes an accent for another one, writes another language than
is spoken. Every third word of a conversation is one of a few dozen that other languages do not have.
"""

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
# Names and loanwords are no other language: so many words have to be there, so many that only the other
# language has, and hardly any that only the one has.
_LEAST_WORDS, _LEAST_FOUND, _TIMES_AS_MANY = 6, 3, 4
# Languages that are written in other letters than Latin ones.
_SCRIPTS = {
    "ar": "ARABIC", "bg": "CYRILLIC", "el": "GREEK", "fa": "ARABIC", "he": "HEBREW", "hi": "DEVANAGARI",
    "hy": "ARMENIAN", "ka": "GEORGIAN", "ko": "HANGUL", "mk": "CYRILLIC", "ru": "CYRILLIC", "th": "THAI",
    "uk": "CYRILLIC", "ur": "ARABIC",
}  # fmt: skip
_LETTERS_ABOVE = 0.6


def reads_otherwise(text: str, language: str) -> bool:
    """Whether a text is surely not in a language.

    Args:
        text: Some words of a conversation.
        language: ISO 639-1 code of the language that it was heard in.
    """
    letters = [character for character in text if character.isalpha()]
    if len(_WORD.findall(text)) < _LEAST_WORDS:
        return False
    script = _SCRIPTS.get(language)
    latin = sum(_is_of(character, "LATIN") for character in letters) / len(letters)
    if script:
        return latin > _LETTERS_ABOVE and not any(_is_of(character, script) for character in letters)
    if language not in _function_words():
        return False
    return latin < 1 - _LETTERS_ABOVE or _is_of_another(text, language)


def _is_of_another(text: str, language: str) -> bool:
    words = [word.replace("’", "'") for word in _WORD.findall(text.lower())]
    own = _function_words()[language]
    return any(_is_rather(words, listed, own) for listed in _function_words().values())


def _is_rather(words: Sequence[str], other: frozenset[str], own: frozenset[str]) -> bool:
    """Whether words are of one language rather than of another, by those that only one of the two has."""
    found = sum(word in other - own for word in words)
    return found >= _LEAST_FOUND and found >= _TIMES_AS_MANY * sum(word in own - other for word in words)


def _is_of(character: str, script: str) -> bool:
    return unicodedata.name(character, "").startswith(script)


@cache
def _function_words() -> Mapping[str, frozenset[str]]:
    text = files(__package__).joinpath("function_words.json").read_text(encoding="utf-8")
    listed: dict[str, str] = json.loads(text)
    return {language: frozenset(words.split()) for language, words in listed.items()}
