"""Street addresses as they are said or written, English and Spanish."""

import re
from collections.abc import Iterator

_NUMBER = r"\d{1,5}[a-z]?"
_DIGIT_EN = (
    "(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen"
    "|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|oh)"
)
_NUMBER_EN = rf"{_DIGIT_EN}(?:[ -](?:and )?{_DIGIT_EN}){{0,4}}"
_NUMBER_ES = (
    r"(?:(?:uno|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|once|doce|trece|catorce|quince|dieci\w+"
    r"|veint\w+|treinta|cuarenta|cincuenta|sesenta|setenta|ochenta|noventa|ciento?|y)[ ]?){1,4}"
)
_STREET_EN = "street|road|avenue|lane|boulevard|terrace|crescent|gardens|ave|blvd"
# Words of every day, unless they are written as a name.
_STREET_EN_CAPITAL = (
    "Drive|Close|Court|Way|Place|Square|Hill|St|Rd|Ln|Dr|Grove|Row|Walk|Mews|Rise|Croft|Parade|Parkway|Circle"
)
_STREET_ES = "calle|avenida|avda|plaza|paseo|carretera|camino|ronda|travesía|callejón"
_NO_STREET = (
    rf"(?!(?:on|in|at|the|this|that|a|i|it|my|your|to|of|for|from|is|are|was|and|time|more|what|which|whose|{_DIGIT_EN}"
    r"|la|el|su|mi|que|y|está)\b)"
)
_WORD = rf"{_NO_STREET}[^\W\d_][\w'’]+"
_NAMED = rf"{_NO_STREET}(?-i:[A-ZÁÉÍÓÚÑ][\w'’]+)"
_ENGLISH = re.compile(
    rf"\b(?:{_NUMBER}|{_NUMBER_EN}),? (?:{_WORD} ){{1,3}}(?:{_STREET_EN})\b"
    rf"|\b(?:(?:{_NUMBER}|{_NUMBER_EN}),? (?:{_NAMED} ){{1,3}}(?-i:{_STREET_EN_CAPITAL}))\b"
    rf"|\b(?:{_NAMED} ){{1,3}}(?:street|road|avenue|lane|boulevard)\b",
    re.IGNORECASE,
)
_LINKS_ES = r"(?:(?:de|del|la|las|los|el) )*"
_HOUSE_ES = rf",? (?:número )?(?:{_NUMBER}|{_NUMBER_ES})"
_SPANISH = re.compile(
    rf"\b(?:{_STREET_ES})\.? {_LINKS_ES}{_NAMED}(?: {_LINKS_ES}{_NAMED}){{0,3}}(?:{_HOUSE_ES})?\b"
    rf"|\b(?:{_STREET_ES})\.? {_LINKS_ES}{_WORD}(?: {_WORD}){{0,2}}{_HOUSE_ES}\b",
    re.IGNORECASE,
)


def addresses(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of every address."""
    for pattern in (_ENGLISH, _SPANISH):
        for match in pattern.finditer(text):
            yield match.start(), match.start() + len(match.group().rstrip(" ,"))
