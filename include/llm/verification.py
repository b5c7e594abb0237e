"""What somebody says to prove who they are: date of birth, PIN, security word; asked for or said at once."""

import re
from collections.abc import Iterable, Iterator

from include.llm.dialogue import Dialogue, Region
from include.llm.found import Found
from include.llm.long_numbers import identifying_runs, may_be_sort_code
from include.llm.names import NO_NAMES
from include.spoken.dates import Date, as_date, dates_in, year_of
from include.spoken.folding import plain
from include.spoken.numbers import Number, cardinal, numbers_in

Places = dict[int, list[Found]]

_BIRTH = re.compile(
    r"\b(?:birth(?: ?date|day)?s?|born|d\.? ?o\.? ?b\b|naci(?:o|do|da|ste|mos|mientos?)?|cumple(?: ?anos)?)\b"
)
_FIRST_BIRTH_YEAR, _LAST_BIRTH_YEAR = 1905, 2026
# A whole date this long ago is somebody's birth, unless something began then.
_LAST_OLD_YEAR = 2008
_BEGINNING = re.compile(
    r"\b(?:since|from|started|opened|signed|dated|issued|founded|built|contract|customer|installed|desde|firm\w+"
    r"|contrato|emitid[oa]|fundad[oa]|apert\w+|alta|cliente|construid[oa]|matricul\w+|expedid[oa])\b"
)
_BEGAN = re.compile(_BEGINNING.pattern + r"[^.?!]{0,25}$")
_PIN = re.compile(
    r"\b(?:(?:pin|p i n|puk)(?: (?:code|number|numero))?|pass ?codes?|pass ?words?|(?:security|access|verification"
    r"|one[- ]time|sms|text|activation|confirmation|door|alarm|entry|secret|unlock|authorization"
    r"|authori[sz]ation) (?:code|number|pin)s?|otp"
    r"|(?<!post )(?<!zip )(?<!area )(?<!promo )(?<!discount )(?<!error )(?<!bar )(?<!sort )(?<!product )"
    r"(?<!country )(?<!voucher )(?<!dress )(?<!customer )(?<!tariff )(?<!store )(?<!color )codes?"
    r"|claves?|contrasenas?"
    r"|codigos?(?! (?:postal|de barras|promo\w*|de (?:error|cliente|pedido|descuento|producto|articulo|oferta)))"
    r"(?: (?:de (?:seguridad|acceso|verificacion|confirmacion|activacion|la alarma|un solo uso|desbloqueo)"
    r"|pin|sms|secreto|personal))?)\b"
)
_END_OF_ID = re.compile(
    r"\b(?:last (?:\w+ )?(?:digits |numbers |characters )?of (?:your|the|my) (?:social(?: security)?(?: number)?|ssn|national"
    r" insurance(?: number)?|passport|id)|ultim[oa]s (?:\w+ )?(?:digitos |cifras |numeros )?(?:de|del) (?:su |tu |mi |el )?"
    r"(?:dni|nie|nif|pasaporte|documento))\b"
)
_PIN_BEFORE = re.compile(r"^,? (?:is|es|era) (?:my|the|mi|el|la) $")
_PIN_DIGITS = range(3, 9)
_PIN_WITHIN_CHARS = 45
_ECHO_TURNS = 4
_SECRET = re.compile(
    r"\b(?:(?:security|secret|memorable|magic|safe) (?:word|phrase|name|answer|place|question)|pass ?(?:words?|phrases?)"
    r"|code ?word|(?:mother|mom|mum)(?:'?s)? maiden name|maiden name|(?:name of )?(?:your|my|the) first (?:pet|school|car)"
    r"(?:'s name)?|palabras? (?:claves?|de seguridad|secretas?|de paso)|frase (?:clave|secreta|de seguridad)"
    r"|contrasenas?|(?:su|mi|tu) clave|(?:clave(?: (?:secreta|personal|verbal|de seguridad|telefonica)))"
    r"|respuesta (?:secreta|de seguridad)|apellido de soltera(?: de (?:su|mi|tu|la) madre)?"
    r"|(?:nombre de )?(?:su|tu|mi) primer[oa]? (?:mascota|colegio|coche|perro|gato))\b"
)
_SAYS = re.compile(
    r"[^.?!,]{0,30}?(?:\b(?:is|was|it's|'s|es|era|seria|would be|should be|will be)\b|:|,(?= ?\w+\W*$)) ?[\"“«:]?\s*"
)
_LEAD = re.compile(
    r"(?:[\s,.¡¿\"“«…-]*\b(?:yes|yeah|yep|sure|okay|ok|of course|certainly|um|uh|er|erm|well|right|so|oh|please|thanks|hi"
    r"|thank you|it's|it is|its|that's|that is|that would be|that'd be|i think|i believe|it was|it should be|is|was"
    r"|the (?:\w+ )?(?:word|password|answer|name) (?:is|was)|my (?:\w+ ){1,3}(?:is|was)|(?:her|his) name (?:is|was)"
    r"|let me (?:see|think)|one (?:moment|second)|si|claro(?: que si)?|vale|bueno|pues|eh|ah|a ver|mire|mira|es|era|creo que(?: es)?"
    r"|la (?:\w+ )?(?:palabra|clave|contrasena|respuesta)(?: de \w+)? es|mi (?:\w+ ){1,3}es|se llama(?:ba)?|seria"
    r"|por supuesto|de acuerdo|un momento|un segundo|gracias)(?![\w'-]))*[\s,.:¡¿\"“«…-]*"
)
_NO_SECRET = NO_NAMES | frozenset(
    """
    not wrong correct incorrect expired invalid case different same only new old required needed something
    anything that's don't can't i'm i've didn't it's forgotten forgot remember know sensitive too long short
    locked blocked reset set changed saved written being always never hello sorry repeat mean which really
    private safe secure important working accepted rejected ready hmm what's that's mean say said think
    incorrecta correcta incorrecto correcto caducada bloqueada nueva vieja larga corta muy mal erronea
    distinta misma recuerdo acuerdo olvidado olvide tengo pero personal necesaria obligatoria importante
    sensible nada perdone disculpe repita segura privada buena mala facil dificil ninguna cual valida invalida
    """.split()  # noqa: SIM905 - like the words that are no names
)
_SECRET_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_MOST_SECRET_WORDS = 3
_MOST_WORDS_OF_REPLY = 5
_HOLDING_ON = re.compile(
    r"^\W*(?:sorry|pardon|one moment|hold on|let me|un momento|perdon|disculpe|espere)\b[^.]*\W*$"
)


def birth_dates(dialogue: Dialogue) -> Places:
    """Dates of birth, wherever in the call they are said again."""
    dates = [dates_in(text) for text in dialogue.texts]
    born: dict[str, None] = {}
    found: Places = {}
    for regions in dialogue.answers(_BIRTH):
        for turn, place in _birth_in(dialogue, regions, dates):
            found.setdefault(turn, []).append(place)
            born[place.identity] = None
    for n, text in enumerate(dialogue.texts):
        for date in dates[n]:
            if _is_one_of(date, born, dialogue.folded[n].text) or (
                _is_long_ago(text, date) and not _begins_something(dialogue, n)
            ):
                found.setdefault(n, []).append(_birth(date))
    return found


def _birth_in(
    dialogue: Dialogue, regions: list[Region], dates: list[list[Date]]
) -> Iterator[tuple[int, Found]]:
    for region in regions:
        text = dialogue.texts[region.turn]
        told = [date for date in dates[region.turn] if region.start <= date.start and _may_be_birth(date)]
        if told and (region.asked or told[0].start - region.start <= _PIN_WITHIN_CHARS):
            yield region.turn, _birth(told[0])
            yield from _year_apart(dialogue, region.turn, told[0])
            return
        if place := _birth_in_numbers(text, region):
            yield region.turn, place
            return


def _may_be_birth(date: Date) -> bool:
    """Any year from then on: "twenty nine" may be 1929."""
    return date.year is None or date.year >= _FIRST_BIRTH_YEAR


def _birth(date: Date) -> Found:
    return Found(date.start, date.end, "DOB", _day_of(date))


def _day_of(date: Date) -> str:
    return f"{date.year or '?'}-{date.month or '?'}-{date.day or '?'}"


def _is_long_ago(text: str, date: Date) -> bool:
    old = date.is_whole and _FIRST_BIRTH_YEAR <= (date.year or 0) <= _LAST_OLD_YEAR
    return (
        old
        and not may_be_sort_code(text[date.start : date.end])
        and not _BEGAN.search(plain(text[: date.start]))
    )


def _is_one_of(date: Date, born: Iterable[str], text: str) -> bool:
    """Whether it is a known date of birth; without the year only where a birth is spoken of."""
    if date.year is None and _BIRTH.search(text):
        return any(_day_of(date).removeprefix("?") == day[4:] for day in born)
    return _day_of(date) in born


def _begins_something(dialogue: Dialogue, turn: int) -> bool:
    """Whether the turn before asks when a contract or the like began."""
    return turn > 0 and bool(_BEGINNING.search(dialogue.folded[turn - 1].text))


def _year_apart(dialogue: Dialogue, turn: int, date: Date) -> Iterator[tuple[int, Found]]:
    """The year, said in the speaker's next turn."""
    if date.year is None:
        for following in dialogue.following(turn, same_speaker=True, within=2):
            numbers = numbers_in(dialogue.texts[following])
            if (said := year_of(numbers)) and numbers[0].start <= _PIN_WITHIN_CHARS:
                yield following, _span_of(numbers[: said[1]], str(said[0]))
            return


def _birth_in_numbers(text: str, region: Region) -> Found | None:
    """`04 03 1985`, `zero four zero three eighty five`, or only a year: numbers where a birth is asked for."""
    numbers = [number for number in numbers_in(text) if number.start >= region.start]
    if not numbers or (not region.asked and numbers[0].start - region.start > _PIN_WITHIN_CHARS):
        return None
    together = _adjoining(text, numbers)
    if date := as_date(together, together[0].start, together[-1].end):
        return _birth(date)
    digits = "".join(number.digits for number in together)
    year = year_of(together)
    if len(digits) in range(4, 9) and (len(digits) > 4 or (year and year[0] <= _LAST_BIRTH_YEAR)):
        return _span_of(together, digits)
    return None


def _adjoining(text: str, numbers: list[Number]) -> list[Number]:
    together = numbers[:1]
    for number in numbers[1:]:
        between = text[together[-1].end : number.start]
        if any(char.isalpha() for char in re.sub(r"\b(?:of|the|de|del|y|and|slash|barra)\b", "", between)):
            break
        together.append(number)
    return together


def _span_of(numbers: list[Number], identity: str) -> Found:
    return Found(numbers[0].start, numbers[-1].end, "DOB", identity)


def pins(dialogue: Dialogue) -> Places:
    """Digits that are a PIN, a passcode, a one-time code or the end of a national id; repeated ones too."""
    found: Places = {}
    for cue, kind in ((_PIN, "PIN"), (_END_OF_ID, "ID")):
        for regions in dialogue.answers(cue):
            for turn, place in _pins_in(dialogue, regions, kind):
                found.setdefault(turn, []).append(place)
    for n, text in enumerate(dialogue.texts):
        found.setdefault(n, []).extend(_pin_before(text))
    return found


def _pins_in(dialogue: Dialogue, regions: list[Region], kind: str) -> Iterator[tuple[int, Found]]:
    for region in regions:
        if place := _pin_in(dialogue, region, kind):
            yield region.turn, place
            yield from _pin_again(dialogue, region.turn, place)
            return
    yield from _pin_in_pieces(dialogue, [region for region in regions if region.asked], kind)


def _pin_in_pieces(dialogue: Dialogue, regions: list[Region], kind: str) -> Iterator[tuple[int, Found]]:
    """A digit or two a turn, by who was asked."""
    pieces = [
        (region.turn, run)
        for region in regions
        for run in identifying_runs(dialogue.texts[region.turn], asked=True)[:1]
        if len(dialogue.texts[region.turn].split()) <= _MOST_WORDS_OF_REPLY
    ]
    digits = "".join(run.digits for _, run in pieces)
    if len(pieces) > 1 and len(digits) in _PIN_DIGITS:
        yield from ((turn, Found(run.start, run.end, kind, digits)) for turn, run in pieces)


def _pin_in(dialogue: Dialogue, region: Region, kind: str) -> Found | None:
    text = dialogue.texts[region.turn]
    for run in identifying_runs(text, asked=True):
        between = text[region.start : run.start]
        near = region.asked or (len(between) <= _PIN_WITHIN_CHARS and not re.search(r"[.?!] ?\w", between))
        if run.start >= region.start and near and len(run.digits) in _PIN_DIGITS:
            return Found(run.start, run.end, kind, run.digits)
    return None


def _pin_before(text: str) -> Iterator[Found]:
    """ "4321 is my PIN"."""
    for run in identifying_runs(text, asked=True):
        named = _PIN.search(plain(text), run.end)
        if (
            named
            and len(run.digits) in _PIN_DIGITS
            and _PIN_BEFORE.match(plain(text[run.end : named.start()]))
        ):
            yield Found(run.start, run.end, "PIN", run.digits)


def _pin_again(dialogue: Dialogue, turn: int, pin: Found) -> Iterator[tuple[int, Found]]:
    for n in range(turn, min(turn + 1 + _ECHO_TURNS, len(dialogue.texts))):
        for run in identifying_runs(dialogue.texts[n], asked=True):
            if run.digits == pin.identity and (n, run.start) != (turn, pin.start):
                yield n, Found(run.start, run.end, pin.kind, run.digits)


def security_words(dialogue: Dialogue) -> Places:
    """Words that prove who somebody is, and wherever they are said again."""
    words: dict[str, None] = {}
    found: Places = {}
    for regions in dialogue.answers(_SECRET):
        for region in regions:
            if place := _secret_in(dialogue, region):
                found.setdefault(region.turn, []).append(place)
                words[place.identity] = None
                break
    if words:
        again = re.compile(rf"\b(?:{'|'.join(re.escape(word) for word in words)})\b")
        for n, text in enumerate(dialogue.folded):
            for match in again.finditer(text.text):
                place = Found(*text.span(*match.span()), "SECRET", match.group())
                found.setdefault(n, []).append(place)
    return found


def _secret_in(dialogue: Dialogue, region: Region) -> Found | None:
    text = dialogue.folded[region.turn]
    start = next((at for at, place in enumerate(text.places) if place >= region.start), len(text.text))
    if region.asked:
        if _HOLDING_ON.match(text.text):
            return None
        lead = _LEAD.match(text.text, start)
        begins, long = (lead.end() if lead else start), len(text.text.split()) > 2 * _MOST_WORDS_OF_REPLY
        if long and not (lead and re.search(r"\b(?:is|it's|es|was|era)\W*$", lead.group())):
            return None
    else:
        said = _SAYS.match(text.text, start)
        if said is None:
            return None
        begins = said.end()
    return _secret_at(dialogue, region.turn, begins)


def _secret_at(dialogue: Dialogue, turn: int, at: int) -> Found | None:
    """Up to three words up to a stop; a word that no secret is ends it, or means that there is none."""
    text = dialogue.folded[turn]
    end = begins = at
    for n in range(_MOST_SECRET_WORDS):
        word = _SECRET_WORD.match(text.text, end + (n > 0))
        if word is None or word.group() in _NO_SECRET or _is_number(word.group()):
            break
        end = word.end()
        if text.text[end : end + 1] != " ":
            break
    if end == begins:
        return None
    return Found(*text.span(begins, end), "SECRET", text.text[begins:end])


def _is_number(word: str) -> bool:
    return word.isdecimal() or cardinal(word) is not None
