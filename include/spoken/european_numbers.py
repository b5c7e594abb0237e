"""Numbers from 0 to 999 in words of languages beside English and Spanish, in every usual spelling.

French, German, Italian, Portuguese, Dutch and Russian, folded. A word that says something else too ("due",
"sept", "um", "elf") is a number only beside another number word of its language.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import product
from typing import NamedTuple

from include.spoken.folding import plain

Phrase = tuple[str, ...]
# Words that stand for something else as well, in their own language or in another.
_AMBIGUOUS = frozenset(
    """
    un une uno una uma um ein eine eins een one odin six sept dix neuf cent cents mille nul null elf due sei
    otto nove meia dos once et und e en zero cero sex acht tre cem tres seis cinco один одна одно
    """.split()  # noqa: SIM905 - readable
)
# Before these, a word that says something else too counts them: "neuf heures", "due euro".
_COUNTED = frozenset(
    """
    euro euros heures h uhr prozent jours mois ans minutes semaines fois tage tagen wochen monate monaten
    jahre
    stunden minuten giorni mesi anni ore minuti settimane dias meses anos horas minutos semanas reais uur
    dagen weken maanden jaar procent percento pourcent mars avril mai juin juillet aout marzo aprile maggio
    """.split()  # noqa: SIM905 - as above
)
# Articles and sounds before all else.
_SELDOM = frozenset("un une uno una uma um ein eine een dos et und e en one one meia одна одно".split())  # noqa: SIM905
# So many ambiguous words in a row are numbers even if no other stands beside them: "six un sept".
_TELLING_RUN = 3

_FRENCH = (
    "zero un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept"
    " dix-huit dix-neuf"
)
_FRENCH_TENS = {20: "vingt", 30: "trente", 40: "quarante", 50: "cinquante", 60: "soixante"}
_SWISS_TENS = {70: "septante", 80: "huitante octante", 90: "nonante"}
_GERMAN = (
    "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn"
    " siebzehn achtzehn neunzehn"
)
_GERMAN_TENS = "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig"
_ITALIAN = (
    "zero uno due tre quattro cinque sei sette otto nove dieci undici dodici tredici quattordici quindici"
    " sedici diciassette diciotto diciannove"
)
_ITALIAN_TENS = "venti trenta quaranta cinquanta sessanta settanta ottanta novanta"
_PORTUGUESE = (
    "zero um dois três quatro cinco seis sete oito nove dez onze doze treze quatorze quinze dezesseis"
    " dezessete dezoito dezenove"
)
_PORTUGUESE_TENS = "vinte trinta quarenta cinquenta sessenta setenta oitenta noventa"
_PORTUGUESE_HUNDREDS = (
    "cento duzentos trezentos quatrocentos quinhentos seiscentos setecentos oitocentos novecentos"
)
_PORTUGUESE_OTHERS = {
    1: "uma",
    2: "duas",
    6: "meia",
    14: "catorze",
    16: "dezasseis",
    17: "dezassete",
    19: "dezanove",
}
_DUTCH = (
    "nul een twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien vijftien zestien"
    " zeventien achttien negentien"
)
_DUTCH_TENS = "twintig dertig veertig vijftig zestig zeventig tachtig negentig"
_RUSSIAN = (
    "ноль один два три четыре пять шесть семь восемь девять десять одиннадцать двенадцать тринадцать"
    " четырнадцать пятнадцать шестнадцать семнадцать восемнадцать девятнадцать"
)
_RUSSIAN_TENS = "двадцать тридцать сорок пятьдесят шестьдесят семьдесят восемьдесят девяносто"
_RUSSIAN_HUNDREDS = "сто двести триста четыреста пятьсот шестьсот семьсот восемьсот девятьсот"
_RUSSIAN_OTHERS = {0: "нуль", 1: "одна одно", 2: "две"}


class _Compounding(NamedTuple):
    tens: str
    units: str
    joiner: str
    one: str
    hundred: str
    others: dict[int, str]


def number_at(words: Sequence[str], at: int) -> tuple[str, int]:
    """The digits that begin at a folded word, and how many words say them; ("", 1) when it is no number."""
    phrases = _phrases().get(words[at])
    if phrases is None:
        return "", 1
    for phrase, value, language in phrases:
        if tuple(words[at : at + len(phrase)]) == phrase and _is_meant(words, at, len(phrase), language):
            return str(value), len(phrase)
    return "", 1


def first_words() -> Iterable[str]:
    """Every folded word with which a number begins that `number_at` knows."""
    return _phrases().keys()


def _is_meant(words: Sequence[str], at: int, length: int, language: str) -> bool:
    """Whether words are a number here: one says nothing else, or others of the language stand beside them."""
    if not _AMBIGUOUS.issuperset(words[at : at + length]):
        return True
    if not _SELDOM.intersection(words[at : at + length]):
        counts = words[at + length : at + length + 1]
        if len(words) == length or not _COUNTED.isdisjoint(counts):
            return True
    own = _words_of(language)
    first, end = at, at + length
    while first > 0 and words[first - 1] in own:
        first -= 1
    while end < len(words) and words[end] in own:
        end += 1
    return end - first >= _TELLING_RUN or not _AMBIGUOUS.issuperset(words[first:end])


@cache
def _words_of(language: str) -> frozenset[str]:
    return frozenset(
        word
        for phrases in _phrases().values()
        for phrase, _, its in phrases
        if its == language
        for word in phrase
    )


@cache
def _phrases() -> dict[str, list[tuple[Phrase, int, str]]]:
    """By first word: each phrase with its value and language, the longest first."""
    found: dict[str, list[tuple[Phrase, int, str]]] = defaultdict(list)
    for language in _LANGUAGES:
        for value in range(1000):
            for text in words_for(value, language):
                phrase = tuple(text.split())
                found[phrase[0]].append((phrase, value, language))
    return {word: sorted(phrases, key=lambda one: -len(one[0])) for word, phrases in found.items()}


def words_for(value: int, language: str) -> list[str]:
    """Every usual way to say a number from 0 to 999, folded."""
    return list(dict.fromkeys(map(_folded, _LANGUAGES[language](value))))


def _folded(text: str) -> str:
    return plain(text).replace("-", " ").replace("'", " ")


def _french(value: int) -> Iterator[str]:
    units = _FRENCH.split()
    if value >= 100:
        hundreds, rest = divmod(value, 100)
        heads = ["cent"] if hundreds == 1 else [f"{units[hundreds]} cent", f"{units[hundreds]} cents"]
        yield from _joined(heads, _french(rest) if rest else [""], " ")
    elif value < 20:
        yield units[value]
        if value == 1:
            yield "une"
    else:
        yield from _french_tens(value, units)


def _french_tens(value: int, units: Sequence[str]) -> Iterator[str]:
    ten, unit = value - value % 10, value % 10
    if ten in _SWISS_TENS:
        twenty, rest = {70: "soixante", 80: "quatre-vingt", 90: "quatre-vingt"}[ten], value % 20
        rest = value - 60 if ten == 70 else rest
        yield from [f"{twenty}s", twenty] if not rest else [f"{twenty} {units[rest]}"]
        if value == 71:
            yield "soixante et onze"
    for word in [_FRENCH_TENS[ten]] if ten in _FRENCH_TENS else _SWISS_TENS[ten].split():
        yield word if not unit else f"{word} {units[unit]}"
        if unit == 1:
            yield f"{word} et un"


def _compound(words: _Compounding) -> Callable[[int], Iterator[str]]:
    """German and Dutch: the unit before the ten, all in one word or in three."""
    tens, units, joiner, one, hundred, others = words

    def under_hundred(value: int) -> Iterator[str]:
        ten, unit = divmod(value, 10)
        if value < 20:
            yield from [units.split()[value], *others.get(value, "").split()]
        elif not unit:
            yield tens.split()[ten - 2]
        else:
            for said in [one if unit == 1 else units.split()[unit], *others.get(unit, "").split()]:
                yield f"{said}{joiner}{tens.split()[ten - 2]}"
                yield f"{said} {joiner} {tens.split()[ten - 2]}"

    def said(value: int) -> Iterator[str]:
        hundreds, rest = divmod(value, 100)
        if not hundreds:
            yield from under_hundred(rest)
            return
        heads = [one + hundred, hundred] if hundreds == 1 else [units.split()[hundreds] + hundred]
        for head, tail in product(heads, under_hundred(rest) if rest else [""]):
            yield head + tail
            if tail:
                yield f"{head}{joiner}{tail}"
                yield f"{head} {tail}"

    return said


def _german(value: int) -> Iterator[str]:
    said = _compound(_Compounding(_GERMAN_TENS, _GERMAN, "und", "ein", "hundert", {1: "ein", 2: "zwo"}))
    for text in said(value):
        yield text
        yield text.replace("ü", "ue").replace("ö", "oe")


def _dutch(value: int) -> Iterator[str]:
    yield from _compound(_Compounding(_DUTCH_TENS, _DUTCH, "en", "een", "honderd", {}))(value)


def _italian(value: int) -> Iterator[str]:
    units, tens = _ITALIAN.split(), _ITALIAN_TENS.split()
    hundreds, rest = divmod(value, 100)
    if hundreds:
        heads = ["cento"] if hundreds == 1 else [f"{units[hundreds]}cento"]
        for head, tail in product(heads, _italian(rest) if rest else [""]):
            yield head + tail.replace(" ", "")
            yield f"{head} {tail}".strip()
    elif value < 20:
        yield units[value]
    else:
        ten, unit = tens[value // 10 - 2], value % 10
        yield (ten[:-1] if unit in (1, 8) else ten) + (units[unit] if unit else "")
        if unit:
            yield f"{ten} {units[unit]}"


def _portuguese(value: int) -> Iterator[str]:
    units, tens = _PORTUGUESE.split(), _PORTUGUESE_TENS.split()
    hundreds, rest = divmod(value, 100)
    if hundreds:
        head = _PORTUGUESE_HUNDREDS.split()[hundreds - 1]
        heads = [head] if hundreds == 1 else [head, f"{head[:-2]}as"]
        if value == 100:
            yield "cem"
        yield from _joined(heads, _portuguese(rest) if rest else [""], " e ")
    elif value < 20:
        yield from filter(None, (units[value], _PORTUGUESE_OTHERS.get(value)))
    elif not value % 10:
        yield tens[value // 10 - 2]
    else:
        yield from _joined([tens[value // 10 - 2]], _portuguese(value % 10), " e ")


def _russian(value: int) -> Iterator[str]:
    hundreds, rest = divmod(value, 100)
    ten, unit = divmod(rest, 10)
    if hundreds:
        yield from _joined([_RUSSIAN_HUNDREDS.split()[hundreds - 1]], _russian(rest) if rest else [""], " ")
    elif value < 20:
        yield from [_RUSSIAN.split()[value], *_RUSSIAN_OTHERS.get(value, "").split()]
    else:
        yield from _joined([_RUSSIAN_TENS.split()[ten - 2]], _russian(unit) if unit else [""], " ")


def _joined(heads: Sequence[str], tails: Iterator[str] | Sequence[str], joiner: str) -> Iterator[str]:
    for head, tail in product(heads, tails):
        yield f"{head}{joiner}{tail}" if tail else head


_LANGUAGES: dict[str, Callable[[int], Iterator[str]]] = {
    "fr": _french,
    "de": _german,
    "it": _italian,
    "pt": _portuguese,
    "nl": _dutch,
    "ru": _russian,
}


def spelled(digits: str, language: str) -> Iterator[str]:
    """The word of each digit, as somebody reads a number aloud; for corpora made by rule."""
    yield from (next(_LANGUAGES[language](int(digit))) for digit in digits)
