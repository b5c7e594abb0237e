"""Words that turn a sentence into another one: negations, and who or what is meant by nobody in particular.

Two texts that differ in one of them do not say the same, however alike their letters are. Languages are not
told apart here: a word that means something in one of them is watched in all.
"""

import re
from collections.abc import Iterable, Sequence

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
# One negation in several spellings: "cannot", "can not", "can't", "cant".
_SAME_NEGATION = {word: "not" for word in NEGATIONS if word in {"t", "nt", "cannot"} or word.endswith("nt")}
# Where words are not parted by spaces, a negation is a part of the writing: Chinese, Japanese, Thai, Korean.
_UNSPACED_NEGATION = re.compile("[不没沒无無未别別勿]|ない|なく|なかっ|ません|ไม|อยา|않|없|못|아니")


def telling_words(words: Iterable[str]) -> list[str]:
    """The words of a text that another text must share, in their order, to say the same.

    Args:
        words: Folded; numbers as digits.

    Returns:
        Figures, negations (in one spelling) and indefinite words.
    """
    listed = list(words)
    told = [
        _SAME_NEGATION.get(word, word)
        for word in listed
        if word[:1].isdigit() or word in NEGATIONS or word in INDEFINITES
    ]
    return told + _UNSPACED_NEGATION.findall("".join(listed))


def negates(words: Sequence[str]) -> bool:
    """Whether one of the folded words is a negation."""
    return any(word in NEGATIONS for word in words) or bool(_UNSPACED_NEGATION.search("".join(words)))
