"""Numbers that identify: phones, accounts, national ids, references; in one turn or in pieces."""

import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from include.redaction.dialogue import Dialogue
from include.redaction.found import Found
from include.redaction.phrases import phrase
from include.spoken.folding import plain

# A run this long identifies somebody or something; shorter ones are prices, dates, door numbers.
LONG_NUMBER_DIGITS = 6
_ASKED_NUMBER_DIGITS = 4
# The end of a national id, as it is asked for to identify somebody: "678 Z".
_ASKED_ID_DIGITS = 3
_UNNAMED = "ACCOUNT"
_PHONE_DIGITS = range(7, 16)
_PHONES = r"""
    (?:tele)?phones?|mobile|cell(?:phone)?|landline|(?:reach|text|ring) (?:me|you|us)
    call(?: (?:me|you|us))?(?= |$)
    (?:best|contact|callback|daytime|evening) number|my number(?:'s| is)
    telefon\w+|movil|celular|fijo|llam(?:ar|arle|arte|arme|eme|enme|ame)
"""
_IDS = r"""
    passport|social security|national insurance|ssn|national id\w*|identity (?:card|number|document)
    driving licen[cs]e|dni|nif|nie|d n i|pasaporte|cedula|documento de identidad|carne de identidad|curp
    seguridad social
"""
_NUMBERS = r"""
    numbers?|accounts?|reference|customer|policy|order|contract|ticket|sort code|imei|serial|iban|meter
    tracking|booking|membership|claim|case|digits|card
    numero|referencia|cuenta|poliza|pedido|contrato|serie|contador|cups|reserva|localizador|socio|afiliacion
    expediente|siniestro|digitos|tarjeta
"""
# Who asks for one of these wants a number that identifies, however short it is.
_NUMBER_OF = phrase(r"""
    (?:account|customer|client|contract|policy|booking|membership|claim|case) (?:number|reference|code)
    number (?:of|on) your (?:account|contract|policy|bill)
    numero de (?:cuenta|cliente|contrato|poliza|reserva|socio|expediente)|localizador
""")
_PHONE, _ID, _NUMBER = phrase(_PHONES), phrase(_IDS), phrase(_PHONES + _IDS + _NUMBERS)
_CUES = (("PHONE", _PHONE), ("ID", _ID), (_UNNAMED, _NUMBER))
# What asks for something else while a number is dictated.
_GOES_ON = re.compile(
    r"\b(?:then|next|go on|rest|after|last|again|repeat|right|correct|okay|sorry|pardon|luego|sigue|siguiente"
    r"|mas|resto|ultim\w+|otra vez|correcto|verdad|vale|perdon|como)\b|^\W*(?:yes|si|and|y|uh huh|mm hm+)\W*$"
)
_ASKS = re.compile(
    r"\?|^\W*(?:(?:okay|ok|vale|bien|yes|si|thank you|gracias)\W+)?(?:and|y) (?:the|your|an?|el|la|su|un"
    r"|una)\b"
)
_LEADING_WORDS, _TRAILING_WORDS, _WORDS_BETWEEN, _WORDS_WITHOUT_CUE = 5, 4, 9, 4
_WORD = re.compile(r"[^\W\d_]+")
_LETTER = (
    r"(?:[a-z]|ese|equis|zeta|jota|hache|efe|ele|eme|ene|erre|be|ce|de|ge|ka|pe|cu|te|uve|zed|zee)(?![\w'])"
)
_LETTER_AFTER = re.compile(
    rf"(?: ?[-,]? ?(?:letra )?{_LETTER})(?=\W*$|[.,;?!]| (?:is|and|es|y)\b)", re.IGNORECASE
)
_LETTERS_BEFORE = re.compile(  # not that of "it's"
    r"(?:(?<![\w'’])[a-z][ -]?){1,3}$|\b(?:equis|zeta|i griega|ye),? $", re.IGNORECASE
)
# What may stand between two groups of a number in one turn.
_BESIDE = frozenset(
    """
    okay ok right yes yeah no wait sorry then and uh um er eh mm that's it's again i mean then vale si
    luego espera espere perdon digo y a ver este es entonces guion barra slash dash
    million millones
    """.split()  # noqa: SIM905 - like the words that are no names
)
_MOST_BESIDE_WORDS = 4
_PREFIX = re.compile(r"\b(?!(?:NI|ID|NO|NR|IP|A|I) )(?:[A-Z]{1,2} |[A-Z]{1,3}-?)$")
_PLUS = re.compile(r"(?:\+|\b(?:plus|más|mas)) ?$", re.IGNORECASE)
_ECHO_TURNS = 2
_BEFORE_CHARS = 80
# "The number is": of what was asked for.
_JUST_NUMBER = re.compile(
    r"^(?!.*\b(?:account|cuenta|dni|order|policy|phone)\b).*\b(?:numbers?|numero|digits)(?: is| es|'s)?\W*$"
)
# "Phone number": the number is the phone's.
_PHONE_NUMBER_CHARS = len(" numbers")


@dataclass(frozen=True)
class _Run:
    turn: int
    digits: str
    start: int
    end: int


@dataclass(frozen=True)
class _Said:
    """A run, what is said of it, and the whole number that it is or is a piece of."""

    run: _Run
    kind: str
    digits: str


def long_numbers(dialogue: Dialogue) -> dict[int, list[Found]]:
    """Every long number, whole or in pieces, and what the other side repeats of it, by turn."""
    runs = [_runs(dialogue, n) for n in range(len(dialogue.texts))]
    said = _dictated(dialogue, runs)
    said += _whole(dialogue, runs, {one.run for one in said})
    said += _said_again(runs, {one.run for one in said}, {one.digits for one in said})
    # A number is what it was called once, wherever it is said again.
    kinds = {one.digits: one.kind for one in reversed(said) if one.kind != _UNNAMED}
    found: dict[int, list[Found]] = {}
    for one in said:
        place = _place(dialogue, one.run, kinds.get(one.digits, one.kind), one.digits)
        found.setdefault(one.run.turn, []).append(place)
    return found


def _dictated(dialogue: Dialogue, runs: Sequence[Sequence[_Run]]) -> list[_Said]:
    said: list[_Said] = []
    for chain in _chains(dialogue, runs):
        # Where voices are not distinguished, a run that repeats the one before it is its echo.
        pieces = [run for n, run in enumerate(chain) if not n or run.digits != chain[n - 1].digits]
        digits = "".join(run.digits for run in pieces)
        kind = _kind(dialogue, chain[0], digits)
        said += [_Said(run, kind, digits) for run in [*chain, *_echoes(dialogue, runs, chain, digits)]]
    return said


def _whole(dialogue: Dialogue, runs: Sequence[Sequence[_Run]], dictated: Container[_Run]) -> list[_Said]:
    return [
        _Said(run, _kind(dialogue, run, run.digits), run.digits)
        for turn in runs
        for run in turn
        if run not in dictated and len(run.digits) >= _least_digits(dialogue, turn, run)
    ]


def _said_again(
    runs: Sequence[Sequence[_Run]], dictated: Container[_Run], numbers: Container[str]
) -> list[_Said]:
    again = (run for turn in runs for run in turn if run.digits in numbers and run not in dictated)
    return [_Said(run, _UNNAMED, run.digits) for run in again]


def _least_digits(dialogue: Dialogue, turn: Sequence[_Run], run: _Run) -> int:
    """From how many digits on a number identifies: fewer where it is the first of an answer."""
    lettered = _LETTER_AFTER.match(dialogue.texts[run.turn], run.end)
    alone = run is turn[0] and _words_beside(dialogue, run) <= _WORDS_WITHOUT_CUE
    if (lettered and dialogue.asked_before(run.turn, run.start, _ID)) or (
        alone and dialogue.asked_before(run.turn, 0, _ID)
    ):
        return _ASKED_ID_DIGITS
    answers = run is turn[0] and dialogue.asked_before(run.turn, 0, _NUMBER_OF)
    return _ASKED_NUMBER_DIGITS if answers else LONG_NUMBER_DIGITS


def _runs(dialogue: Dialogue, turn: int) -> list[_Run]:
    asked = dialogue.asked_before(turn, 0, _NUMBER) or bool(_NUMBER.search(dialogue.folded[turn].text))
    return [_Run(turn, run.digits, run.start, run.end) for run in dialogue.runs(turn, asked=asked)]


def _chains(dialogue: Dialogue, runs: Sequence[Sequence[_Run]]) -> Iterator[list[_Run]]:
    """Numbers that one speaker dictates over several turns."""
    for who in dict.fromkeys(dialogue.speakers):
        chain: list[_Run] = []
        for run in (run for n, turn in enumerate(runs) if dialogue.speakers[n] == who for run in turn):
            if chain and not _continues(dialogue, runs, chain, run):
                yield from _accepted(dialogue, chain)
                chain = []
            chain.append(run)
        yield from _accepted(dialogue, chain)


def _accepted(dialogue: Dialogue, chain: list[_Run]) -> Iterator[list[_Run]]:
    digits = sum(len(run.digits) for run in chain)
    if len(chain) < 2 or digits < LONG_NUMBER_DIGITS:
        return
    first = chain[0]
    if dialogue.asked_before(first.turn, first.start, _NUMBER, turns=3) or (
        all(len(run.digits) > 1 for run in chain)
        and all(
            run.turn == last.turn or _words_beside(dialogue, run) <= _WORDS_WITHOUT_CUE
            for last, run in pairwise(chain)
        )
    ):
        yield chain


def _continues(dialogue: Dialogue, runs: Sequence[Sequence[_Run]], chain: list[_Run], run: _Run) -> bool:
    last = chain[-1]
    if last.turn == run.turn:
        between = _WORD.findall(plain(dialogue.texts[run.turn][last.end : run.start]))
        return len(between) <= _MOST_BESIDE_WORDS and _BESIDE.issuperset(between)
    ends = len(_WORD.findall(dialogue.texts[last.turn][last.end :])) <= _TRAILING_WORDS
    begins = len(_WORD.findall(dialogue.texts[run.turn][: run.start])) <= _LEADING_WORDS
    said = "".join(one.digits for one in chain)
    return (
        ends
        and begins
        and all(_acknowledges(dialogue.texts[n], runs[n], said) for n in range(last.turn + 1, run.turn))
    )


def _acknowledges(text: str, runs: Sequence[_Run], said: str) -> bool:
    """Whether a turn between two pieces only takes note, or repeats a part of what was said."""
    if _asks_for_more(plain(text)):
        return False
    words = len(_WORD.findall(text)) - sum(len(_WORD.findall(text[run.start : run.end])) for run in runs)
    echoes = all(run.digits in said or _says_nothing(text, run) for run in runs)
    return words <= _WORDS_BETWEEN and echoes


def _asks_for_more(text: str) -> bool:
    """Whether a turn asks, and not for the rest of the number."""
    return bool(_ASKS.search(text) and not _GOES_ON.search(text)) or bool(_NUMBER.search(text))


def _says_nothing(text: str, run: _Run) -> bool:
    """Whether it is a word, not a digit: "that one"."""
    return len(run.digits) == 1 and plain(text[run.start : run.end]).isalpha()


def _words_beside(dialogue: Dialogue, run: _Run) -> int:
    text = dialogue.texts[run.turn]
    return len(_WORD.findall(text[: run.start])) + len(_WORD.findall(text[run.end :]))


def _echoes(
    dialogue: Dialogue, runs: Sequence[Sequence[_Run]], chain: Sequence[_Run], digits: str
) -> Iterator[_Run]:
    last = min(chain[-1].turn + _ECHO_TURNS, len(runs) - 1)
    taken = {(run.turn, run.start) for run in chain}
    for run in (run for turn in runs[chain[0].turn : last + 1] for run in turn):
        least = (
            1 if _words_beside(dialogue, run) <= 1 and not _says_nothing(dialogue.texts[run.turn], run) else 2
        )
        if (run.turn, run.start) not in taken and len(run.digits) >= least and run.digits in digits:
            yield run


def _kind(dialogue: Dialogue, run: _Run, digits: str) -> str:
    """What the number was called last before it, else what was asked for."""
    before = plain(dialogue.texts[run.turn][max(0, run.start - _BEFORE_CHARS) : run.start])
    called = {kind: _last(cue, before) for kind, cue in _CUES}
    named, at = max(called.items(), key=lambda one: one[1])
    if before.rstrip().endswith("+") or 0 <= at <= _near(called["PHONE"]):
        kind = "PHONE"
    elif at >= 0 and not _JUST_NUMBER.search(before):
        kind = "ID" if called["ID"] >= 0 else named
    else:
        asked = (kind for kind, cue in _CUES if dialogue.asked_before(run.turn, 0, cue))
        kind = "ID" if called["ID"] >= 0 else next(asked, _UNNAMED)
    return _UNNAMED if kind == "PHONE" and len(digits) not in _PHONE_DIGITS else kind


def _near(phone: int) -> int:
    """How far after "phone" a word such as "number" is still said of the phone."""
    return phone + _PHONE_NUMBER_CHARS if phone >= 0 else -1


def _last(cue: re.Pattern[str], text: str) -> int:
    """Where the last match ends; -1 without one."""
    return max((match.end() for match in cue.finditer(text)), default=-1)


def _place(dialogue: Dialogue, run: _Run, kind: str, digits: str) -> Found:
    """The run, with the letters of a national id beside it."""
    text, start, end = dialogue.texts[run.turn], run.start, run.end
    before = (_PLUS if kind == "PHONE" else _PREFIX).search(text[:start])
    if kind == "ID":
        before = _LETTERS_BEFORE.search(text[:start]) or before
        if after := _LETTER_AFTER.match(text, end):
            end = after.end()
    start = before.start() if before else start
    return Found(start, end, kind, digits)
