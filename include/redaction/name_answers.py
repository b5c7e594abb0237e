"""Names that a question, a list or their letters give away: "may I have your name?", `s m i t h`."""

import re
from collections.abc import Iterator, Sequence

from include.redaction.common_names import is_given_name, is_name
from include.redaction.dialogue import Dialogue, Region
from include.redaction.found import Found
from include.redaction.names import NO_NAMES, is_cased
from include.redaction.phrases import lead_in, phrase
from include.spoken.folding import plain

_ASKS = phrase(
    r"""
    (?:your|the|his|her|first|last|full|family|(?:cardholder|account holder|passenger|patient)'?s?)
        (?:(?:first|last|full|family|good|own) )?(?:names?|surnames?)(?! of)
    who(?:m)?(?: am i| do i have the pleasure of)? (?:speaking|talking)(?: (?:with|to))?|with whom
    who(?:'s| is) (?:calling|this)
    (?:su|tu|el) (?:(?:primer|segundo) )?(?:nombre|apellido)s?(?: completo| y apellidos?)?
    nombre (?:y apellidos?|completo|del? (?:el )?(?:titular|pasajero|paciente|cliente))|(?:los|sus) apellidos
    con quien (?:hablo|tengo)|quien (?:llama|habla|es)|a nombre de quien|de parte de quien
    como (?:se|te) llamas?
""".replace("\n        ", " ")
)
_NOT_OF_PEOPLE = phrase("""
    pet|school|company|maiden|user ?name|street|road|product|plan|brand
    mascota|colegio|empresa|soltera|usuario|calle
""")
_LEAD = lead_in(r"""
    this is|i'm|i am|my (?:(?:full|first|last) )?name(?: is|'s)|(?:the|full) name is|it's under|under
    mister|mr\.?|mrs\.?|ms\.?|miss|doctor|dr\.?|first name|surname|last name
    soy|me llamo|mi nombre(?: completo)? es|a nombre de|con|[el]l?a? titular es|don|dona|senora?|de
""")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_LINKS = frozenset({"de", "del", "la", "las", "los", "van", "von", "mc", "o", "y", "san"})
_MOST_WORDS = 4
_LETTERS = re.compile(
    r"(?<![\w'’])(?:[a-z](?:(?:\.?[ -]|, |\. ?)(?:double )?[a-z](?![\w'’])){2,}\.?)(?![\w'’@])", re.IGNORECASE
)
_LETTERS_AS = re.compile(
    r"(?<!\w)[a-z],? (?:as in|for|de|for the|like) [^\W\d_]+(?:,? (?:and )?(?:then )?[a-z],? (?:as in|for"
    r"|de|like) [^\W\d_]+)+",
    re.IGNORECASE,
)
_LETTER_WORDS_ES = (
    "a|be|ce|de|e|efe|ge|hache|i|jota|ka|ele|eme|ene|eñe|o|pe|cu|erre|ere|ese|te|u|uve|uve doble|equis|ye"
    "|i griega|zeta"
)
_SPELLED_ES = re.compile(
    rf"(?<!\w)(?:{_LETTER_WORDS_ES})(?:,? (?:{_LETTER_WORDS_ES})(?!\w)){{3,}}", re.IGNORECASE
)
# What is said letter by letter without being a name.
_ABBREVIATIONS = frozenset(
    """
    adsl cctv ceo cif cups dab diy dni dob dsl dvd dvr eta eur faq gdpr gps hbo hdmi hdtv iban imei iptv irpf
    itv iva isp lan led lcd lte mms mri mvno nfc nhs nie nif pdf pin pos ppi puk qr sim sms ssn tae tin
    tpv ttl tv
    uhd uk url usa usb vat vip voip vpn wps www xxl abc atm bbc cbs nbc hbo
    """.split()  # noqa: SIM905 - like the words that are no names
)


def answered_names(texts: Sequence[str], dialogue: Dialogue) -> list[str]:
    """Names that answer a question for a name, and frequent names, in order."""
    cased = is_cased(texts)
    found: dict[str, None] = {}
    for regions in dialogue.answers(_ASKS):
        for region in regions:
            name = "" if _of_something(dialogue, regions, region) else _answer(texts, region, cased=cased)
            if name:
                found[name] = None
                break
    for text in texts:
        for name in _listed(text):
            found[name] = None
    return list(found)


def _of_something(dialogue: Dialogue, regions: Sequence[Region], region: Region) -> bool:
    asked_in = region.turn - 1 - regions.index(region) if region.asked else region.turn
    return any(_NOT_OF_PEOPLE.search(dialogue.folded[n].text) for n in range(max(0, asked_in), region.turn))


def _answer(texts: Sequence[str], region: Region, *, cased: bool) -> str:
    if not region.asked:
        return ""  # "my name is …": an introduction
    text = texts[region.turn]
    lead = _LEAD.match(plain(text)) if len(plain(text)) == len(text) else None
    at = lead.end() if lead else 0
    words: list[re.Match[str]] = []
    while _names_among(words) < _MOST_WORDS and (word := _WORD.match(text, at)):
        bare = plain(word.group())
        if not (words and bare in _LINKS) and (
            bare in NO_NAMES or len(bare) < 2 or (cased and not word.group()[0].isupper())
        ):
            break
        words.append(word)
        at = word.end() + 1
        if text[word.end() : at] != " ":
            break
    while words and plain(words[-1].group()) in _LINKS:
        words.pop()
    if not words or (not cased and not _may_be_names(text, words)):
        return ""
    return text[words[0].start() : words[-1].end()]


def _names_among(words: Sequence[re.Match[str]]) -> int:
    return sum(plain(word.group()) not in _LINKS for word in words)


def _may_be_names(text: str, words: Sequence[re.Match[str]]) -> bool:
    """Without capitals: a reply that is hardly more than the name, or begins with a frequent one."""
    rest = _WORD.findall(text[words[-1].end() :])
    return is_name(plain(words[0].group())) or (len(rest) <= 1 and len(words) <= 3)


def _listed(text: str) -> Iterator[str]:
    """Frequent first names, with the family names that follow."""
    words = list(_WORD.finditer(text))
    at = 0
    while at < len(words):
        name = [words[at]]
        for word in words[at + 1 : at + _MOST_WORDS]:
            bare = plain(word.group())
            follows = _case(word) if _case(name[0]) else not _case(word) and is_name(bare)
            if text[name[-1].end() : word.start()] != " " or not follows or bare in NO_NAMES:
                break
            name.append(word)
        first = plain(name[0].group())
        before = plain(words[at - 1].group()) if at else ""
        sure = is_given_name(first) or (len(name) > 1 and is_name(first) and _any_given(name))
        if sure and before not in {"san", "santa", "santo", "saint", "st"}:
            yield text[name[0].start() : name[-1].end()]
            at += len(name)
        else:
            at += 1


def _any_given(name: Sequence[re.Match[str]]) -> bool:
    return any(is_given_name(plain(word.group())) for word in name)


def _case(word: re.Match[str]) -> bool:
    return word.group()[0].isupper()


def spelled_names(text: str) -> list[Found]:
    """What is said letter by letter: `S M I T H`, `s-m-i-t-h`, `S for sugar, M for mother`, `ge a erre`."""
    found = []
    for pattern in (_LETTERS, _LETTERS_AS, _SPELLED_ES):
        for match in pattern.finditer(text):
            letters = re.findall(r"\b[a-z]\b", plain(match.group()))
            joined = "".join(letters) if pattern is not _SPELLED_ES else plain(match.group())
            if joined not in _ABBREVIATIONS:
                end = match.start() + len(match.group().rstrip(" .,-"))
                found.append(Found(match.start(), end, "NAME", joined))
    return found
