"""Words that turn a sentence into another one: negations, indefinite words, figures, days.

Two texts that differ in one of them do not say the same, however alike their letters are. Languages are not
told apart here: a word that means something in one of them is watched in all.
"""

import re
from collections.abc import Iterable, Sequence

from include.spoken.numbers import ordinal

NEGATIONS = frozenset(
    """
    not t nt no never cannot without neither nor none nobody nothing nowhere hardly
    dont doesnt didnt wont cant couldnt wouldnt shouldnt isnt arent wasnt werent hasnt havent hadnt aint
    nunca sin ni tampoco jamas nadie nada ninguno ninguna ningun ningunos ningunas
    ne pas jamais rien personne aucun aucune sans non
    nicht nichts nie niemals niemand kein keine keinen keinem keiner keines ohne weder nein
    mai niente nulla nessuno nessuna nessun senza neanche nemmeno
    nao ninguem nenhum nenhuma sem nem
    niet niets nooit geen zonder nee nie nikt nic nigdy bez не нет ни никто ничего никогда без
    cap ningu res mai sense ez inoiz
    """.split()  # noqa: SIM905 - a hundred quoted words would be unreadable
)
INDEFINITES = frozenset(
    """
    some somebody someone something somewhere any anybody anyone anything anywhere
    every everybody everyone everything everywhere each all both always only few many most several
    algo alguien alguno alguna algun algunos algunas cualquier cualquiera todo toda todos todas cada siempre
    ambos ambas solo solamente pocos pocas muchos muchas varios varias
    quelque quelques quelqu chaque tout toute tous toutes toujours seulement
    etwas jemand jemanden jemandem alle alles allen jeder jede jedes irgend immer nur manche einige
    qualcosa qualcuno qualche ogni tutto tutta tutti tutte sempre solo
    alguem tudo todos todas qualquer sempre apenas
    iets iemand alles altijd alleen coś ktoś все всё кто-то что-то всегда только
    """.split()  # noqa: SIM905 - as above
)
CALENDAR = frozenset(
    """
    monday tuesday wednesday thursday friday saturday sunday today tomorrow yesterday tonight noon midnight
    january february march april may june july august september october november december am pm
    lunes martes miercoles jueves viernes sabado domingo hoy manana ayer mediodia medianoche
    enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
    lundi mardi mercredi jeudi vendredi samedi dimanche demain hier
    montag dienstag mittwoch donnerstag freitag samstag sonntag heute morgen gestern
    lunedi martedi mercoledi giovedi venerdi domenica domani ieri oggi amanha ontem hoje
    """.split()  # noqa: SIM905 - as above
)
# "Possible" and "impossible" are alike, and say the opposite.
_NEGATING_PREFIX = re.compile(r"(?:un|in|im|ir|il|dis|non|mis|des|de)(?=\w{3})")
# One negation in several spellings: "cannot", "can not", "can't", "cant".
_SAME_NEGATION = {word: "not" for word in NEGATIONS if word in {"t", "nt", "cannot"} or word.endswith("nt")}
# Where words are not parted by spaces, a negation is a part of the writing: Chinese, Japanese, Thai, Korean.
_UNSPACED_NEGATION = re.compile("[不没沒无無未别別勿]|ない|なく|なかっ|ません|ไม|อยา|않|없|못|아니")


def telling_words(words: Iterable[str]) -> list[str]:
    """The words of a text that another text must share, in their order, to say the same.

    Args:
        words: Folded; numbers as digits.

    Returns:
        Figures, ordinals, days and months, negations (in one spelling) and indefinite words.
    """
    listed = list(words)
    told = [
        _SAME_NEGATION.get(word, word)
        for word in listed
        if word[:1].isdigit()
        or word in NEGATIONS
        or word in INDEFINITES
        or word in CALENDAR
        or ordinal(word) is not None
    ]
    return told + _UNSPACED_NEGATION.findall("".join(listed))


def is_opposite(one: str, other: str) -> bool:
    """Whether two words differ by a prefix that negates: "possible", "impossible"."""
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    prefix = _NEGATING_PREFIX.match(longer)
    return prefix is not None and longer[prefix.end() :] == shorter


def negates(words: Sequence[str]) -> bool:
    """Whether one of the folded words is a negation."""
    return any(word in NEGATIONS for word in words) or bool(_UNSPACED_NEGATION.search("".join(words)))
