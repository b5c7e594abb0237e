"""Places where somebody lives, English and Spanish: in an address, or given as a home.

Such a place is private, wherever it stands in the call. Others stay, such as the town of a branch: an audit
may turn on them, and they tell nothing of the customer.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from include.redaction.addresses import addresses
from include.redaction.known import HIDING
from include.redaction.names import NO_NAMES
from include.spoken.folding import plain

# What stands where a place does, without being one.
_NO_PLACES = NO_NAMES | frozenset(
    """
    absolutely certainly house home person place road room street town village city apartment flat unit suite
    floor zip postcode barrio casa centro ciudad claro edificio piso planta portal pueblo puerta
    """.split()  # noqa: SIM905 - like the words that are no names
)
_WORD = rf"(?!(?i:{'|'.join(sorted(_NO_PLACES))})\b)[^\W\d_]{{2,}}(?:['’-][^\W\d_]+)*\b"
_CAPITAL = rf"(?=(?-i:[A-ZÁÉÍÓÚÑ])){_WORD}"
# "La Coruña", "Newcastle upon Tyne".
_LINKS = "(?:(?:of|upon|on|de|del|la|las|los|el) ){0,2}"
_NAMED = rf"(?:(?:La|Las|Los|El|The|St\.?) )?{_CAPITAL}(?: {_LINKS}{_CAPITAL}){{0,3}}"
# In a transcript without capitals only "leeds" or "new york".
_UNNAMED = rf"(?:(?:new|san|santa|saint|st|la|las|los|el|north|south|east|west) )?{_WORD}"
_POSTCODE = r"\d{4,5}(?:-\d{4})?\b|(?-i:[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2})\b"
_PART_OF_HOUSE = (
    r"(?:flat|apartment|apt|unit|suite|floor|piso|planta|puerta|portal|escalera|bajo|primero|segundo|tercero"
    r"|cuarto|quinto|sexto|izquierda|derecha|centro|[b-df-hj-np-xz]|\d{1,3}\w{0,2})\b\.?"
)
_LED = r",? (?:(?:is|es|está) )?(?:in|near|at|of|en|de) |(?: is|'s|’s| es) "


def _step(place: str) -> re.Pattern[str]:
    """From an address, a place or a part of a house to what follows it."""
    return re.compile(
        rf"(?:(?P<led>{_LED})|,? )(?:(?P<place>{_POSTCODE}|{place})|{_PART_OF_HOUSE})", re.IGNORECASE
    )


_CASED_STEP, _UNCASED_STEP = _step(_NAMED), _step(_UNNAMED)
_PLACE, _UNCASED_PLACE = re.compile(_NAMED), re.compile(_UNNAMED)
_HOME = (
    r"\b(?:(?:live[sd]?|living|reside[sd]?|residing|resident)(?: (?:here|now|right|just|out|over|still))?"
    r"|(?:my|your|his|her|their) (?:(?:home|current|new|old) )?(?:home|house|flat|apartment|address|hometown"
    r"|city|town|village)"
    r"|(?:viv(?:o|e|es|en|imos|ía|iendo)|resid(?:o|e|en|imos)|domiciliad[oa]|empadronad[oa])"
    r"(?: (?:aquí|ahora|cerca))?"
    r"|(?:mi|tu|su) (?:casa|piso|domicilio|dirección|ciudad|pueblo|localidad))\b"
)
# Tells of a home where a model knows that a place follows, not a company or a tariff.
_PERHAPS_HOME = (
    r"\b(?:(?:i'm|i’m|i am|we're|we’re|we are|calling|call|phoning|originally) (?:\w+ )?from"
    r"|(?:mov(?:e|ed|ing)|relocat\w+) (?:\w+ )?to"
    r"|(?:soy|somos|llam(?:o|amos|ando|aba)) (?:\w+ )?(?:de|desde)|(?:mud|traslad)\w+ a)\b"
)
_SAYS_HOME = re.compile(_HOME, re.IGNORECASE)
_LEADS_TO_HOME = re.compile(rf"(?:{_HOME}|{_PERHAPS_HOME})(?: [\w'’]+){{0,4}} $", re.IGNORECASE)
_ASKS_TOWN = re.compile(
    r"\b(?:(?:what|which) (?:city|town|village)|where (?:do|did|are) you (?:live|living|calling)"
    r"|que (?:ciudad|localidad|poblacion|pueblo)|donde (?:vive|vives|reside)\w*)\b"
)
_ASKS_ADDRESS = re.compile(
    r"\b(?:(?:your|the|full|billing|home|new|delivery|postal|mailing) address|post ?code|zip ?code"
    r"|(?:su|tu|la) (?:nueva )?(?:direccion|domicilio)|codigo postal)\b"
)
# "Our London branch", "the branch in London".
_BUSINESSES = "branch|office|store|shop|headquarters|sucursal|oficina|tienda|delegación|sede"
_BUSINESS = re.compile(rf" (?:\w+ )?(?:{_BUSINESSES})\b", re.IGNORECASE)
_BUSINESS_OF = re.compile(rf"\b(?:{_BUSINESSES})(?: \w+){{0,2}} $", re.IGNORECASE)
_SENTENCE_ENDS = re.compile(r"[.?!…]\s")
_SHORT_REPLY_CHARS = 30
_IN_PLACE = re.compile(
    rf"\W*(?:(?:yes|it's|that's|it is|es|está|esta|sí|si) )*(?:in|en) (?P<place>{_NAMED}|{_UNNAMED})\W*",
    re.IGNORECASE,
)


def places_of_home(texts: Sequence[str], names: Iterable[str] = ()) -> list[str]:
    """Places that rules find: after words such as "I live in", after a street, as the answer to which town.

    Args:
        texts: Of the call's turns.
        names: Of people: what only a comma leads to may be the name of who is spoken to.
    """
    cased = _cased(texts)
    people = {word for name in names for word in plain(name).split()}
    found: dict[str, None] = {}
    said = [place for text in texts for place in _said(text, cased=cased)]
    for place, led in [*said, *_short_replies(texts)]:
        if led or not people.issuperset(plain(place).split()):
            found[place] = None
    return list(found)


def homes_among(texts: Sequence[str], places: Sequence[Sequence[tuple[int, int]]]) -> Iterator[str]:
    """Those of the places that a model found which are somebody's home by what is said around them.

    Args:
        texts: Of the call's turns.
        places: Start and end of all in each turn.
    """
    pattern = _PLACE if _cased(texts) else _UNCASED_PLACE
    replies = _replies(texts, _ASKS_TOWN) | _replies(texts, _ASKS_ADDRESS)
    for n, (text, spans) in enumerate(zip(texts, places, strict=True)):
        is_address = n in replies or any(addresses(text))
        for place in filter(None, (pattern.search(text, *span) for span in spans)):
            before, after = _SENTENCE_ENDS.split(text[: place.start()])[-1], text[place.end() :]
            if (is_address or _LEADS_TO_HOME.search(before)) and not _is_of_business(before, after):
                yield place.group()


def _is_of_business(before: str, after: str) -> bool:
    return bool(_BUSINESS_OF.search(before) or _BUSINESS.match(after))


def _cased(texts: Sequence[str]) -> bool:
    return any(char.isupper() for text in texts for char in text)


def _said(text: str, *, cased: bool) -> Iterator[tuple[str, bool]]:
    """Places, and whether a word such as "in" leads to them."""
    bare = text
    for start, end in addresses(text):
        yield from _following(text, end, cased=cased, led=not cased)
        bare = bare[:start] + HIDING * (end - start) + bare[end:]
    for home in _SAYS_HOME.finditer(bare):
        yield from _following(bare, home.end(), cased=cased, led=True)


def _following(text: str, at: int, *, cased: bool, led: bool) -> Iterator[tuple[str, bool]]:
    """Places that follow there and on each other; `led` when a word such as "in" has to lead to the first."""
    steps = _CASED_STEP if cased else _UNCASED_STEP
    while (step := steps.match(text, at)) and (step["led"] or not led):
        if step["place"]:
            yield step["place"], bool(step["led"])
        at, led = step.end(), not cased


def _short_replies(texts: Sequence[str]) -> Iterator[tuple[str, bool]]:
    for n in _replies(texts, _ASKS_ADDRESS, turns=4):
        if in_place := _IN_PLACE.fullmatch(texts[n]):
            yield in_place["place"], True
    for n in _replies(texts, _ASKS_TOWN, turns=1):
        if len(texts[n]) <= _SHORT_REPLY_CHARS:
            yield from ((place, False) for place in _PLACE.findall(texts[n]))


def _replies(texts: Sequence[str], question: re.Pattern[str], turns: int = 2) -> set[int]:
    """Turns that may answer a question: so many that follow it."""
    asked = [n for n, text in enumerate(texts) if question.search(plain(text))]
    return {reply for n in asked for reply in range(n + 1, min(n + 1 + turns, len(texts)))}
