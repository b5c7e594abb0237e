"""What opens an account: PINs, passcodes and security words, asked for or said at once."""

import re
from collections.abc import Iterator
from itertools import chain

from include.redaction.dialogue import Dialogue, Region
from include.redaction.found import Found
from include.redaction.names import NO_NAMES
from include.redaction.phrases import lead_in, phrase
from include.spoken.folding import plain
from include.spoken.numbers import cardinal

Places = dict[int, list[Found]]

# Codes that everybody may know.
_OTHER_CODES = (
    "post",
    "zip",
    "area",
    "promo",
    "discount",
    "error",
    "bar",
    "sort",
    "product",
    "country",
    "voucher",
)
_OTHER_CODES_ES = r"postal|de barras|promo\w*|de (?:error|cliente|pedido|descuento|producto|articulo|oferta)"
_PIN = phrase(rf"""
    (?:pin|p i n|puk)(?: (?:code|number|numero))?|pass ?codes?|pass ?words?|otp
    {"".join(f"(?<!{word} )" for word in _OTHER_CODES)}codes?
    (?:security|access|verification|one[- ]time|sms|activation|confirmation|entry|secret) (?:number|pin)s?
    code secret|mots? de passe|pass ?wort|kenn ?wort|geheimzahl|geheimnummer|codice (?:segreto|pin)|senha
    palavra[- ]passe|wachtwoord|pin ?code|pin-code|пин[- ]?код\w*|парол[ьяю]
    claves?|contrasenas?|codigos?(?! (?:{_OTHER_CODES_ES}))(?: de \w+| pin| sms| secreto| personal)?
""")
_END_OF_ID = phrase(r"""
    last (?:\w+ )?(?:digits |numbers )?of (?:your|the|my) (?:social(?: security)?(?: number)?|ssn|passport|id)
    last (?:\w+ )?(?:digits |numbers )?of (?:your|the|my) national insurance(?: number)?
    ultim[oa]s (?:\w+ )?(?:digitos |cifras |numeros )?de su documento
    ultim[oa]s (?:\w+ )?(?:digitos |cifras |numeros )?del? (?:(?:su|mi|el) )?(?:dni|nie|nif|pasaporte)
""")
_NTH = (
    "(?:first|second|third|fourth|fifth|sixth|last|primer[oa]?|segund[oa]|tercer[oa]?|cuart[oa]|quint[oa]"
    "|ultim[oa])"
)
_NTHS = rf"{_NTH}(?:,? (?:(?:and|y|e) )?(?:the |el |la )?{_NTH})*"
_PARTS_OF_PIN = phrase(rf"""
    {_NTHS} (?:digit|number|character)s? (?:of|in|from) (?:your|the|my) (?:\w+ )?(?:pin|(?:pass ?)?code)
    {_NTHS} (?:digito|numero|cifra)s? (?:de|del) (?:(?:su|tu|la) )?(?:pin|clave|codigo)
""")
_PIN_BEFORE = re.compile(r"^,? (?:is|es|era) (?:my|the|mi|el|la) $")
# "The account is 50871": not the PIN that was asked for too.
_OF_ANOTHER = re.compile(r"\b(?:number|account|reference|numero|cuenta|cliente|contrato)(?: is| es|'s|:) ?$")
_PIN_DIGITS = range(3, 9)
_PIN_WITHIN_CHARS = 45
_ECHO_TURNS = 4
_SECRET = phrase(r"""
    (?:security|secret|memorable|magic|safe) (?:word|phrase|name|answer|place|question)
    pass ?(?:words?|phrases?)|code ?word|(?:mother|mom|mum)(?:'?s)? maiden name|maiden name
    (?:name of )?(?:your|my|the) first (?:pet|school|car|teacher|job)(?:'s name)?
    (?:name of )?(?:your|my) favou?rite (?:place|teacher|film|movie|food|book|colou?r|team|band|author|animal)
    street (?:that )?(?:did )?(?:you|i) gr[eo]w up (?:on|in)
    answer to (?:your|my|the) (?:security|secret) question
    palabras? (?:claves?|de seguridad|secretas?|de paso)|frase (?:clave|secreta|de seguridad)
    contrasenas?|(?:su|mi|tu) clave|clave (?:secreta|personal|verbal|de seguridad|telefonica)
    respuesta (?:secreta|de seguridad)|respuesta a (?:la|su|tu) pregunta (?:secreta|de seguridad)
    (?:apellido|nombre) de soltera(?: de (?:su|mi|tu|la) madre)?
    (?:nombre de )?(?:su|tu|mi) primer[oa]? (?:mascota|colegio|coche|perro|gato)
""")
# A "clave" may be the key to anything, unless somebody asks for it.
_ASKED_SECRET = phrase("la clave(?! es)")
_SAYS = re.compile(
    r"(?!(?: \w+)? (?:pages?|link|reset|thing|policy|manager|field|box|rules?|hint|screen|form|process|pagina"
    r"|enlace|web|pantalla)\b)"
    r"[^.?!,]{0,30}?(?:\b(?:is|was|it's|'s|es|era|seria|would be|should be|will be)\b|:"
    r"|,(?= ?\w+\W*$)) ?[\"“«:]?\s*"
)
_LEAD = lead_in(r"""
    the (?:\w+ )?(?:word|password|answer|name) (?:is|was)|my (?:\w+ ){1,3}(?:is|was)
    (?:her|his) name (?:is|was)
    (?:de )?(?:mi|my|her|his) (?:madre|mother)(?:'s)?(?: es| is| was)?|hers (?:is|was)
    la (?:\w+ )?(?:palabra|clave|contrasena|respuesta)(?: de \w+)? es|mi (?:\w+ ){1,3}es|se llama(?:ba)?
""")
# "Helen Marsh, and the word is lighthouse": what follows is the answer, whatever else was asked.
_NAMED_IN_REPLY = phrase(
    r"""
    (?:the|my) (?:\w+ )?(?:word|pass ?word|phrase|answer)(?: is| was|'s|:)
    (?:la|mi) (?:palabra|clave|contrasena|respuesta|frase)(?: \w+){0,2} (?:es|era)
""",
    after=r"[\s\"“«:]*",
)
_ASKS_NAME_TOO = phrase(r"""
    (?:your|full|first|last) names?(?! of)|name and|(?:su|el) nombre|nombre (?:y|completo)
""")
_LIST_ENDS = re.compile(r"(?:,| and| y)(?: the| it's| is| and| y| la| es)* (?=[^,]*$)")
_LEADS_TO_WORD = re.compile(r"\b(?:is|it's|es|was|era)\W*$")
_NO_SECRET = NO_NAMES | frozenset(
    """
    not wrong correct incorrect expired invalid case different same only new old required needed something
    anything that's don't can't i'm i've didn't it's forgotten forgot remember know sensitive too long short
    locked blocked reset set changed saved written being always never hello sorry repeat mean which really
    private safe secure important working accepted rejected ready hmm what's that's mean say said think
    down broken optional mandatory compulsory missing unknown simple easy hard weak strong opcional
    obligatorio rota caida sencilla
    incorrecta correcta incorrecto correcto caducada bloqueada nueva vieja larga corta muy mal erronea
    distinta misma recuerdo acuerdo olvidado olvide tengo pero personal necesaria obligatoria importante
    sensible nada perdone disculpe repita segura privada buena mala facil dificil ninguna cual valida invalida
    """.split()  # noqa: SIM905 - like the words that are no names
)
# What is told of a word is not the word: "the password was rejected".
_TOLD = re.compile(r"\w{3,}(?:ed|[ai]d[ao]|[ai]ble|onal)")
_SECRET_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_MOST_SECRET_WORDS = 3
_MOST_WORDS_OF_REPLY = 5
_HOLDING_ON = re.compile(
    r"^\W*(?:sorry|pardon|one moment|hold on|let me|un momento|perdon|disculpe|espere)\b[^.]*\W*$"
)


def pins(dialogue: Dialogue) -> Places:
    """Digits that are a PIN, a passcode, a one-time code or the end of a national id; repeated ones too."""
    found: Places = {}
    for cue, kind in ((_PIN, "PIN"), (_END_OF_ID, "ID")):
        for regions in dialogue.answers(cue):
            for turn, place in _pins_in(dialogue, regions, kind):
                found.setdefault(turn, []).append(place)
    for regions in dialogue.answers(_PARTS_OF_PIN):
        for turn, place in _parts_in(dialogue, regions):
            found.setdefault(turn, []).append(place)
    for n in range(len(dialogue.texts)):
        found.setdefault(n, []).extend(_pin_before(dialogue, n))
    return found


def _parts_in(dialogue: Dialogue, regions: list[Region]) -> Iterator[tuple[int, Found]]:
    """Single digits of a PIN, as they are asked for: the second and the fourth."""
    for region in regions:
        runs = dialogue.runs(region.turn, asked=True)
        if region.asked and runs and len(dialogue.texts[region.turn].split()) <= 2 * _MOST_WORDS_OF_REPLY:
            yield from ((region.turn, Found(run.start, run.end, "PIN", run.digits)) for run in runs)
            return


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
        for run in dialogue.runs(region.turn, asked=True)[:1]
        if len(dialogue.texts[region.turn].split()) <= _MOST_WORDS_OF_REPLY
    ]
    digits = "".join(run.digits for _, run in pieces)
    if len(pieces) > 1 and len(digits) in _PIN_DIGITS:
        yield from ((turn, Found(run.start, run.end, kind, digits)) for turn, run in pieces)


def _pin_in(dialogue: Dialogue, region: Region, kind: str) -> Found | None:
    text = dialogue.texts[region.turn]
    for run in dialogue.runs(region.turn, asked=True):
        between = text[region.start : run.start]
        near = region.asked or (len(between) <= _PIN_WITHIN_CHARS and not re.search(r"[.?!] ?\w", between))
        other = region.asked and _OF_ANOTHER.search(plain(between[-_PIN_WITHIN_CHARS:]))
        if run.start >= region.start and near and not other and len(run.digits) in _PIN_DIGITS:
            return Found(run.start, run.end, kind, run.digits)
    return None


def _pin_before(dialogue: Dialogue, turn: int) -> Iterator[Found]:
    """As in "4321 is my PIN"."""
    for run in dialogue.runs(turn, asked=True):
        after = plain(dialogue.texts[turn][run.end : run.end + _PIN_WITHIN_CHARS])
        named = _PIN.search(after)
        if named and len(run.digits) in _PIN_DIGITS and _PIN_BEFORE.match(after[: named.start()]):
            yield Found(run.start, run.end, "PIN", run.digits)


def _pin_again(dialogue: Dialogue, turn: int, pin: Found) -> Iterator[tuple[int, Found]]:
    for n in range(turn, min(turn + 1 + _ECHO_TURNS, len(dialogue.texts))):
        for run in dialogue.runs(n, asked=True):
            if run.digits == pin.identity and (n, run.start) != (turn, pin.start):
                yield n, Found(run.start, run.end, pin.kind, run.digits)


def security_words(dialogue: Dialogue) -> Places:
    """Words that prove who somebody is, and wherever they are said again."""
    words: dict[str, None] = {}
    found: Places = {}
    asked = ([one for one in regions if one.asked] for regions in dialogue.answers(_ASKED_SECRET))
    for regions in chain(dialogue.answers(_SECRET), asked):
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
    if region.asked and (named := _NAMED_IN_REPLY.search(text.text)):
        begins = named.end()
    elif region.asked:
        if _HOLDING_ON.match(text.text):
            return None
        lead = _LEAD.match(text.text, start)
        begins, long = (lead.end() if lead else start), len(text.text.split()) > 2 * _MOST_WORDS_OF_REPLY
        if _asked_for_name_too(dialogue, region) and (last := _LIST_ENDS.search(text.text, begins)):
            begins = last.end()
        if long and not (lead and _LEADS_TO_WORD.search(lead.group())):
            return None
    else:
        said = _SAYS.match(text.text, start)
        if said is None:
            return None
        begins = said.end()
        if _TOLD.match(text.text, begins):
            return None
    return _secret_at(dialogue, region.turn, begins)


def _asked_for_name_too(dialogue: Dialogue, region: Region) -> bool:
    """Whether the turn before asks for a name and for the security word."""
    before = dialogue.folded[region.turn - 1].text if region.turn else ""
    return bool(_ASKS_NAME_TOO.search(before) and _SECRET.search(before))


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
