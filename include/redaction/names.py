"""People's names in a call: introduced, addressed (English and Spanish), or known from the metadata."""

import re
from collections.abc import Iterable, Iterator, Sequence

from include.calls.call import CallMetadata
from include.redaction.common_names import is_name
from include.redaction.known import HIDING
from include.spoken.folding import plain

# What follows these is a name, however it is written.
_SURE = re.compile(
    r"\b(?:(?:my|his|her|their|the|full|first|last|family) (?:(?:full|first|last"
    r"|family) )?(?:sur)?name(?: is|'s)"
    r"|surname(?: is|'s)|mis? apellidos? (?:es|son)|you can call me"
    r"|(?:am i|you're|you are) (?:speaking|talking) (?:with|to)"
    r"|je m['’]appelle|mon nom est|mein name ist|ich hei(?:ß|ss)e|mi chiamo|il mio nome [eè]|meu nome [eé]"
    r"|me chamo|chamo-me|mijn naam is|ik heet|меня зовут"
    r"|me apellido|me llamo|mi nombre es|a nombre de|se llama|le atiende|te atiende)\s+",
    re.IGNORECASE,
)
_AFTER_TITLE = (
    r"(?:"
    + "|".join(
        rf"(?<=\b{title} )"
        for title in ("mr", "mrs", "ms", "miss", "mister", "señor", "señora", "don", "doña")
    )
    + ")"
)
# What stands before these is a name when it is written with a capital.
_LIKELY_BEFORE = re.compile(r"((?:[A-ZÁÉÍÓÚÑ][^\W\d_]+ ){1,3})(?:speaking|here|al habla|al aparato)\b")
# What follows these is a name when it is written with a capital.
_LIKELY = re.compile(
    r"\b(?:(?:this|here) is|it's|it is|i'm|i am|speaking (?:with|to)|thank you,?|thanks,?|hello,?|hi,?"
    r"|mr\.?|mrs\.?|ms\.?|miss|dr\.?|doctor"
    r"|my (?:son|daughter|wife|husband|mother|father|mum|mom|dad|brother|sister|partner|boss|friend"
    r"|colleague)"
    r"(?:,| is called|'s name is)?|called|mi (?:hijo|hija|mujer|esposa|marido|esposo|madre|padre|hermano"
    r"|hermana|pareja"
    r"|jefe|jefa|amigo|amiga)(?:,| se llama)?|doctora?|le habla|habla|hablo con|soy|gracias,?|hola,?"
    r"|señora?|señorita"
    r"|sra?\.?|don|doña)\s+",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_CAPITAL = re.compile(r"\b(?!I\b)[A-ZÁÉÍÓÚÑÜ]")
_MOST_WORDS = 3
# Words that follow an introduction without being a name, or end one.
NO_NAMES = frozenset(
    """
    a about account address after agent all also am an and any anyone are as at back be because been before
    billing but by calling can could customer day dear did do does er excellent fine first for from give
    glad go going good great happy have hello help here hi how i if in is it just last let like look looking
    maam madam maybe me mr mrs ms my no not now of oh ok okay on one or our perfect please put quite ready
    right see service sir so sorry spell spelled speaking still support sure sales technical team thank
    thanks that the then there this to today trying uh um very wait we well what when where which who why
    will with yeah yes you your monday tuesday wednesday thursday friday saturday sunday january february
    march april june july august september october november december english spanish god lord
    us i'm i'd i've i'll it's that's there's what's we're don't can't let's would should need want wanted has
    having got getting really actually regarding ringing phoning something his her
    full correct exactly absolutely certainly indeed nothing none never nope both mine alright understood hmm
    pardon same everything maybe probably possibly always here's okey great welcome bye goodbye cheers
    correcto correcta exacto exacta exactamente efectivamente nada ninguno ninguna nunca entendido ambos
    perdone disculpe espere igual quizas siempre hasta venga genial estupendo fenomenal bienvenido bienvenida
    a al adios ahora aqui asi bien bueno buenas buenos claro clienta cliente como con cual cuando de del
    desde don donde dona e el ella en entonces era es esa ese eso esta este esto gracias ha hablo hasta he
    hola la las le les lo los lunes martes miercoles jueves viernes sabado domingo mas me mi mire muy muchas
    no nuestra nuestro o para pero perfecto perdon por porque pues puedo que quien quiero se senor senora
    quiero queria quisiera necesito necesitaba llamo llamaba llamando estoy estaba tenia dice digo digame
    dime puede podria haria hace hay fue nos nuestros vamos verdad porque llame encantado encantada
    senorita ser si sobre soy su sus tambien te tengo titular todo tu un una usted vale y ya yo
    """.split()  # noqa: SIM905 - 200 quoted words would be unreadable
)
# What stands in the place of a caller's name when nobody knows it, or a line is nobody's.
NOBODYS = frozenset(
    """
    unknown anonymous private restricted unavailable blocked withheld wireless caller called customer client
    agent support sales billing queue toll free call cell phone number mobile landline international operator
    reception
    desconocido anonimo privado oculto restringido cliente agente soporte ventas centralita recepcion
    """.split()  # noqa: SIM905 - as above
)
# An introduction may begin with one, so a name may not end there.
_TITLES = frozenset({"mister", "missus", "miss", "doctor", "doctora"})


def introduced_names(texts: Sequence[str]) -> list[str]:
    """Names that somebody says after an introduction such as "my name is" or "me llamo", in order."""
    cased = is_cased(texts)
    found: dict[str, None] = {}
    for text in texts:
        for name in _introduced(text, cased=cased):
            found[name] = None
    return list(found)


def is_cased(texts: Sequence[str]) -> bool:
    """Whether names are written with a capital in a transcript; the English "I" tells nothing."""
    return any(_CAPITAL.search(text) for text in texts)


def _introduced(text: str, *, cased: bool) -> Iterator[str]:
    for introduction in _SURE.finditer(text):
        yield from _name_at(
            text, introduction.end(), capitals=cased and _capital_at(text, introduction.end())
        )
    for introduction in _LIKELY.finditer(text):
        if _capital_at(text, introduction.end()):
            yield from _name_at(text, introduction.end(), capitals=True)
        elif not cased and (word := _WORD.match(text, introduction.end())) and is_name(plain(word.group())):
            yield from _name_at(text, introduction.end(), capitals=False)

    for said in _LIKELY_BEFORE.finditer(text):
        yield from _name_at(text, said.start(), capitals=True)


def _capital_at(text: str, at: int) -> bool:
    return text[at : at + 1].isupper()


def _name_at(text: str, at: int, *, capitals: bool) -> Iterator[str]:
    """The name that begins at a place, if one does: up to three words, only capitalised ones if asked.

    Without capitals the second word may be any that is no `NO_NAMES`, the third only a frequent name.
    """
    words: list[str] = []
    while len(words) < _MOST_WORDS:
        word = _WORD.match(text, at)
        if word and not capitals and len(words) == _MOST_WORDS - 1 and not is_name(plain(word.group())):
            break
        if word is None or plain(word.group()) in NO_NAMES or (capitals and not word.group()[0].isupper()):
            break
        words.append(word.group())
        if text[word.end() : word.end() + 1] != " ":
            break
        at = word.end() + 1
    if words:
        yield " ".join(words)


def as_name(text: str, start: int, end: int) -> tuple[int, str]:
    """What is a name in a place that a model takes for one: its first capitalised words, if they are one.

    Returns:
        Where it begins, and the name; empty when there is none.
    """
    words: list[re.Match[str]] = []
    for word in _WORD.finditer(text, start, end):
        parted = words and HIDING in text[words[-1].end() : word.start()]
        if parted or plain(word.group()) in NO_NAMES | _TITLES or not word.group()[0].isupper():
            if words:
                break
            continue
        words.append(word)
    if not words:
        return start, ""
    return words[0].start(), text[words[0].start() : words[-1].end()]


def names_in_metadata(metadata: CallMetadata) -> tuple[str, ...]:
    """Names in a call's metadata: agent, both sides and `customer_ref`, when they look like a person's.

    A login such as `agent17` is no name, and is not said in calls; nor is what networks send for a name.
    """
    given = (metadata.agent, metadata.customer_ref, metadata.caller_name, metadata.called_name)
    return tuple(dict.fromkeys(value.strip() for value in given if value and _may_be_named(value)))


def _may_be_named(value: str) -> bool:
    words = value.split()
    return all(map(_WORD.fullmatch, words)) and NOBODYS.isdisjoint(map(plain, words))


def _stands_alone(word: str, *, first: bool) -> bool:
    """Whether a word of a name is one by itself; without a capital it may be what came after the name."""
    if plain(word) in NO_NAMES or len(word) < 2:
        return False
    return first or not word.islower() or is_name(plain(word))


class NameFinder:
    """Finds these names, whole or by any of their words, in the case they were given in or capitalised.

    A name that is also a word ("Will") is thus left alone where it stands in lower case.

    Args:
        names: What to find.
        whole: Not by single words: what names a place is no part of it.
    """

    def __init__(self, names: Iterable[str], *, whole: bool = False) -> None:
        names = tuple(names)
        self._identities: dict[str, str] = {}
        for name in sorted(names, key=len, reverse=True):
            words = [word for n, word in enumerate(name.split()) if _stands_alone(word, first=n == 0)]
            parts = [] if whole else [*words, *(word.capitalize() for word in words)]
            for form in [name, name.title(), *parts]:
                self._identities.setdefault(form, plain(name))
        listed = "|".join(re.escape(form) for form in sorted(self._identities, key=len, reverse=True))
        titled = self._titled(names) if not whole else ""
        patterns = [rf"\b(?:{listed})\b"] * bool(listed) + [rf"{_AFTER_TITLE}(?:{titled})\b"] * bool(titled)
        self._pattern = re.compile("|".join(patterns) or r"(?!)")

    def _titled(self, names: Iterable[str]) -> str:
        """Words that are names after a title only, as a pattern."""
        words = {word: name for name in names for word in name.split() if plain(word) not in NO_NAMES}
        alone = {word for word in words if word in self._identities}
        for word in words.keys() - alone:
            self._identities[word] = plain(words[word])
        return "|".join(re.escape(word) for word in words.keys() - alone)

    def find(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Start, end and identity of every name; "John" is "John Smith" when the call has one."""
        for match in self._pattern.finditer(text):
            yield match.start(), match.end(), self._identities[match.group()]
