"""Digits as people read them aloud and recognisers write them down, English and Spanish."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

_UNITS = {
    "en": "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
    " sixteen seventeen eighteen nineteen",
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince"
    " dieciséis diecisiete dieciocho diecinueve veinte veintiuno veintidós veintitrés veinticuatro"
    " veinticinco veintiséis veintisiete veintiocho veintinueve",
}
_TENS = {
    "en": "_ _ twenty thirty forty fifty sixty seventy eighty ninety",
    "es": "_ _ veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa",
}
_HUNDREDS = (
    "_ ciento doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos"
)
_REPEATS = {"en": {2: ("double",), 3: ("triple", "treble")}, "es": {2: ("doble",), 3: ("triple",)}}
_ALPHABET = {
    "es": "a be ce de e efe ge hache i jota ka ele eme ene o pe cu erre ese te u uve uve-doble equis"
    " i-griega zeta",
    "en": "alpha bravo charlie delta echo foxtrot golf hotel india juliet kilo lima mike november oscar papa"
    " quebec romeo sierra tango uniform victor whiskey x-ray yankee zulu",
}
_FILLERS = {
    "en": ("uh", "um", "okay", "and then", "let me see", "er"),
    "es": ("eh", "vale", "a ver", "y luego", "este", "em"),
}
STYLES = (
    "figures",
    "spaced",
    "dashed",
    "commas",
    "words",
    "pairs",
    "pairs in figures",
    "thousands",
    "repeats",
    "mixed",
)


def cardinal(number: int, language: str, hyphen: str = " ") -> str:
    """0..9999 in words."""
    if number >= 1000:
        thousands, rest = divmod(number, 1000)
        words = {"en": "thousand", "es": "mil"}[language]
        if language == "en" or thousands > 1:
            words = f"{cardinal(thousands, language)} {words}"
        return f"{words} {cardinal(rest, language, hyphen)}" if rest else words
    if number >= 100:
        return _hundreds(number, language, hyphen)
    units = _UNITS[language].split()
    if number < len(units):
        return units[number]
    ten, unit = divmod(number, 10)
    joiner = {"en": hyphen, "es": " y "}[language]
    return _TENS[language].split()[ten] + (f"{joiner}{units[unit]}" if unit else "")


def _hundreds(number: int, language: str, hyphen: str) -> str:
    hundreds, rest = divmod(number, 100)
    if language == "es":
        words = "cien" if number == 100 else _HUNDREDS.split()[hundreds]
        return f"{words} {cardinal(rest, language)}" if rest else words
    words = f"{cardinal(hundreds, language)} hundred"
    return f"{words} and {cardinal(rest, language, hyphen)}" if rest else words


@dataclass
class Reader:
    """Somebody who reads numbers aloud in one way, and the recogniser that writes them down.

    Attributes:
        style: One of `STYLES`.
        zero: How a nought is said.
        hyphen: What stands in "forty-one".
    """

    random: Random
    language: str
    style: str
    zero: str
    hyphen: str

    def group(self, digits: str) -> str:
        """A group of digits, said in one go."""
        ways: dict[str, Callable[[str], str]] = {
            "figures": str,
            "spaced": " ".join,
            "dashed": "-".join,
            "commas": ", ".join,
            "words": self._words,
            "pairs": self._pairs,
            "pairs in figures": lambda all_: " ".join(_in_pairs(all_)),
            "thousands": self._thousands,
            "repeats": self._repeats,
            "mixed": lambda all_: f"{self._words(all_[:2])} {all_[2:]}".strip(),
        }
        return ways[self.style](digits)

    def groups(
        self,
        groups: Sequence[str],
        fillers: float = 0.0,
        say: Callable[["Reader", str], str] = lambda one, group: one.group(group),
    ) -> str:
        """Several groups in one turn, in that share with a filler between two; `say` reads one of them."""
        figures = self.style in ("figures", "spaced", "dashed", "commas", "pairs in figures")
        between = self.random.choice((" ", "-", ", ", ". ", " - ") if figures else (", ", " ", ". ", "... "))
        text = say(self, groups[0])
        for group in groups[1:]:
            if self.random.random() < fillers:
                text += f", {self.random.choice(_FILLERS[self.language])}, {say(self, group)}"
            else:
                text += between + say(self, group)
        return text

    def _digit(self, digit: str) -> str:
        return self.zero if digit == "0" else _UNITS[self.language].split()[int(digit)]

    def _words(self, digits: str) -> str:
        return " ".join(map(self._digit, digits))

    def _pairs(self, digits: str) -> str:
        said = [
            self._words(pair) if len(pair) < 2 or pair[0] == "0" else self._cardinal(pair)
            for pair in _in_pairs(digits)
        ]
        return " ".join(said)

    def _thousands(self, digits: str) -> str:
        if digits[0] == "0" or len(digits) > 4:
            return self._pairs(digits)
        if len(digits) == 4 and self.random.random() < 0.15:
            return f"{digits[0]}{'.' if self.language == 'es' else ','}{digits[1:]}"
        return self._cardinal(digits)

    def _cardinal(self, digits: str) -> str:
        return cardinal(int(digits), self.language, self.hyphen)

    def _repeats(self, digits: str) -> str:
        said = []
        for run in re.finditer(r"(\d)\1{0,2}", digits):
            times, digit = len(run[0]), self._digit(run[1])
            often = _REPEATS[self.language].get(times)
            said.append(f"{self.random.choice(often)} {digit}" if often else digit)
        return " ".join(said)


def reader(random: Random, language: str, styles: Sequence[str] = STYLES) -> Reader:
    """Any reader of a language."""
    zero = random.choice(("zero", "oh")) if language == "en" else "cero"
    return Reader(random, language, random.choice(styles), zero, random.choice((" ", "-")))


def _in_pairs(digits: str) -> list[str]:
    """Pairs; a single digit comes first."""
    odd = len(digits) % 2
    return [digits[:1]] * odd + [digits[n : n + 2] for n in range(odd, len(digits), 2)]


def in_groups(text: str, sizes: Sequence[int]) -> list[str]:
    """Cuts a text into groups of these sizes; the last size goes on to the end."""
    groups, at, n = [], 0, 0
    while at < len(text):
        size = sizes[min(n, len(sizes) - 1)]
        groups.append(text[at : at + size])
        at, n = at + size, n + 1
    return groups


def letters(random: Random, text: str, language: str) -> str:
    """Letters as they are spelled: "G B", "GB", "golf bravo", "ge be"."""
    named = " ".join(_ALPHABET[language].split()[ord(char) - ord("A")] for char in text)
    ways = [text, " ".join(text), "-".join(text), ". ".join(text) + ".", named.replace("-", " ")]
    return random.choice(ways)


def alphanumeric(one: Reader, group: str) -> str:
    """A group with letters in it: each stretch of letters spelled, of digits read."""
    stretches = re.findall(r"[A-Z]+|\d+", group)
    said = [
        letters(one.random, part, one.language) if part.isalpha() else one.group(part) for part in stretches
    ]
    glued = one.style == "figures" and one.random.random() < 0.5
    return group if glued else " ".join(said)
