"""E-mail addresses as they are written and as recognisers write what is said, English and Spanish.

`ann@acme.org`, `john.smith at gmail.com`, `john dot smith at gmail dot com`, `j o h n at hotmail dot com`,
`juan punto perez arroba gmail punto com`; also when the name and the domain are said in two turns.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from include.redaction.dialogue import Dialogue
from include.redaction.found import Found
from include.redaction.names import NO_NAMES
from include.spoken.folding import plain
from include.spoken.numbers import cardinal

_PROVIDER = r"(?:g ?mail|google ?mail|hot ?mail|outlook|yahoo|icloud|aol|proton(?: ?mail)?|live|msn|gmx)"
_DOT = r"(?:,? ?\b(?:dot|punto|point|punkt|ponto|punt|точка)\b,? ?|\.)"
# Of letters only: "29.99" ends in no top-level domain.
_TOP_LEVEL = r"[^\W\d_]{2,}(?!\w)"
_ENDING = rf"(?:{_DOT}\w{{2,}}){{0,2}}{_DOT}{_TOP_LEVEL}"
_HYPHEN = "(?:dash|hyphen|guion|guión)"
_DOMAIN = rf"(?:{_PROVIDER}\b(?:{_ENDING})?|\w[\w-]*(?: (?:{_HYPHEN} )?\w[\w-]*)?{_ENDING})"
# How it is written, told before the "at".
_ASIDE = (
    r"(?:,? (?:that's )?(?:all (?:in )?(?:one word|lower ?case|small letters|together)|todo (?:junto|seguido)"
    r"|(?:todo )?en min[uú]sculas?))"
)
_AT_SIGN = "(?:at|arroba|arobase|chiocciola|apenstaartje|собака)"
_AT = rf"(?: ?@ ?|{_ASIDE}?,? \b{_AT_SIGN}\b,? )"
_ADDRESS = re.compile(rf"{_AT}(?P<domain>{_DOMAIN})", re.IGNORECASE)
_DOMAIN_FIRST = re.compile(
    rf"\W*(?:(?:and|y|then|luego|yes|si|sí|uh|um|eh) )?(?:{_AT_SIGN} |@ ?)?(?P<domain>{_DOMAIN})",
    re.IGNORECASE,
)
_ENDS_AT = re.compile(r" (?:at|arroba|arobase|chiocciola|@)\W*$", re.IGNORECASE)
_TOKEN = re.compile(r"[\w+]+(?:[.'_-]+[\w+]+)*")
_BETWEEN = re.compile(r" ?[-_.]? ?|, ")
_JOINING = {
    "dot": ".",
    "punto": ".",
    "point": ".",
    "punkt": ".",
    "ponto": ".",
    "punt": ".",
    "tiret": "-",
    "bindestrich": "-",
    "trattino": "-",
    "unterstrich": "_",
    "underscore": "_",
    "dash": "-",
    "hyphen": "-",
    "guion": "-",
}
_JOINING |= {"minus": "-", "bajo": "", "plus": "+"}
_CUE = re.compile(r"\b(?:e-?mails?|mails?|correos?|electronic[oa]|courriel|почт[аыу])\b")
_NO_PART = NO_NAMES | frozenset(
    """
    address confirm copy correo direccion electronico electronica email emails escriba escribirme found got
    letter mail mails mine note said send sent us use using write yeah shop store online stay buy bought
    order look website web visit page pagina contacto sign log login up out here there now today el
    nuestro apunte anote mande envie
    looked look price prices cheaper offer offers deal deals ticket tickets hotel rooms flight flights them
    seria sera would works work arrive arrived meet busy both stayed live lives person
    """.split()  # noqa: SIM905 - like the words that are no names
)
_MOST_WORDS = 3
_MARKS = " .,?!…"
_MOST_PIECES = 3
# What the other side says while an address is dictated, where voices are not distinguished.
_NOTED = re.compile(
    r"\W*(?:(?:yes|yeah|yep|ok|okay|right|sure|got it|go on|uh huh|mm+|mm hm+|and|then|si|vale|bien"
    r"|de acuerdo|aja|siga|sigue|y|perfecto|thank you|thanks|gracias)\b\W*)+"
)


@dataclass(frozen=True)
class _Part:
    start: int
    text: str

    def __bool__(self) -> bool:
        return bool(self.text)


def emails(dialogue: Dialogue) -> dict[int, list[Found]]:
    """What belongs to an e-mail address, by turn."""
    found: dict[int, list[Found]] = {}
    for n, text in enumerate(dialogue.texts):
        places = [*_in_turn(dialogue, n, text)]
        found.setdefault(n, []).extend(place for _, place in places)
        for turn, place in _over_turns(dialogue, n, text):
            found.setdefault(turn, []).append(place)
    return found


def _in_turn(dialogue: Dialogue, n: int, text: str) -> Iterator[tuple[int, Found]]:
    for match in _ADDRESS.finditer(text):
        local = _local_part(text, match.start()) or _any_word(dialogue, n, match)
        written = "@" in text[match.start() : match.start("domain")]
        domain = _tidy(match["domain"])
        spoken = not re.search(r"\bat\b.*\.", match.group(), re.IGNORECASE)
        if not _may_end(domain) or (_counts(local.text) and text[match.start()] == ","):
            continue  # "600, at 29.99"
        sure = (
            written
            or (spoken and "." in domain)
            or (re.match(_PROVIDER, domain) and "." in domain)
            or any(char in local.text for char in "._-@0123456789")
        )
        if local.text and (sure or dialogue.asked_before(n, match.start(), _CUE)):
            yield n, Found(local.start, match.end(), "EMAIL", f"{local.text}@{domain}")


def _may_end(domain: str) -> bool:
    """Whether it does not end as a price does: "nine point ninety nine"."""
    last = domain.rpartition(".")[2]
    return not any(cardinal(word) is not None for word in (last, *re.split(r"[\s-]", last)))


def _counts(local: str) -> bool:
    return local.isdecimal() or cardinal(local) is not None


def _over_turns(dialogue: Dialogue, n: int, text: str) -> Iterator[tuple[int, Found]]:
    """The name in this turn, the domain in the next ones of the same speaker."""
    end = match.start() if (match := _ENDS_AT.search(text)) else len(text.rstrip(_MARKS))
    local = _local_part(text, end)
    pieces = _pieces_after(dialogue, n) if local.text else []
    said = " ".join(dialogue.texts[turn].rstrip(_MARKS) for turn in pieces)
    domain = _DOMAIN_FIRST.match(said)
    led = domain and re.search(r"@|\b(?:at|arroba)\b", said[: domain.start("domain")], re.IGNORECASE)
    if not domain or not (match or led) or not _may_end(_tidy(domain["domain"])):
        return
    identity = f"{local.text}@{_tidy(domain['domain'])}"
    yield n, Found(local.start, end, "EMAIL", identity)
    at = 0
    for turn in pieces:
        length = len(dialogue.texts[turn].rstrip(_MARKS))
        start, last = max(0, domain.start("domain") - at), min(length, domain.end() - at)
        if start < last:
            yield turn, Found(start, last, "EMAIL", identity)
        at += length + 1


def _pieces_after(dialogue: Dialogue, n: int) -> list[int]:
    """The speaker's next turns, without those that only take note, as long as nobody says much between."""
    pieces: list[int] = []
    while len(pieces) < _MOST_PIECES:
        following = dialogue.following(pieces[-1] if pieces else n, same_speaker=True, within=2)
        remaining = (turn for turn in following if not _NOTED.fullmatch(dialogue.folded[turn].text))
        if (piece := next(remaining, None)) is None:
            break
        pieces.append(piece)
    return pieces


def _any_word(dialogue: Dialogue, n: int, match: re.Match[str]) -> _Part:
    """A word of every day that an address may begin with: "sales at acme dot com", where one is asked for."""
    before = re.search(r"[\w+.-]+$", match.string[: match.start()])
    if before is None:
        return _Part(match.start(), "")
    sure = re.search(r"@|\barroba\b", match.group(), re.IGNORECASE)
    alone = not match.string[: before.start()].strip(_MARKS) and dialogue.asked_before(n, 0, _CUE)
    return _Part(before.start(), plain(before.group()) if sure or alone else "")


def _is_no_part(word: str) -> bool:
    """Whether a word is none of an address: "I looked at acme dot com"; Fred and Alfred are names."""
    return word in _NO_PART or (len(word) > 4 and word.endswith("ed") and not word.endswith("fred"))


def _local_part(text: str, end: int) -> _Part:
    """What stands before the `at`: letters, numbers, up to three words, and what joins them."""
    tokens = list(_TOKEN.finditer(text, 0, end))
    start, parts, words, joined = end, list[str](), 0, False
    for token in reversed(tokens):
        word = plain(token.group())
        if not _BETWEEN.fullmatch(text[token.end() : start]) and start != end:
            break
        short = len(word) == 1 or word.isdecimal() or cardinal(word) is not None
        if word in _JOINING:
            joined = True
        elif not short and (words == _MOST_WORDS or (_is_no_part(word) and not joined)):
            break
        else:
            words += not short and not joined
            joined = False
        parts.append(_JOINING.get(word, word))
        start = token.start()
    while parts and parts[-1] in {".", "_", "-", "", "+", "y", "a", "e", "o", "i"} and len(parts) > 1:
        start += len(text[start:end]) - len(text[start:end].split(" ", 1)[-1])
        parts.pop()
    return _Part(start, "".join(reversed(parts)))


def _tidy(domain: str) -> str:
    return re.sub(r" ?\b(?:dot|punto|point)\b ?", ".", plain(domain)).replace(" ", "").strip(".")
