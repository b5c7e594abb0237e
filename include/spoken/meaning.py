"""Words that turn a sentence into another one: negations, indefinite words, figures, days.

Two texts that differ in one of them do not say the same, however alike their letters are. Languages are not
told apart here: a word that means something in one of them is watched in all.
"""

import re
from collections.abc import Iterable, Sequence

from include.spoken.folding import plain
from include.spoken.numbers import ordinal

NEGATIONS = frozenset(
    """
    not t nt no never cannot without neither nor none nobody nothing nowhere hardly
    dont doesnt didnt wont cant couldnt wouldnt shouldnt isnt arent wasnt werent hasnt havent hadnt aint
    nunca sin ni tampoco jamas nadie nada ninguno ninguna ningun ningunos ningunas
    ne pas jamais rien personne aucun aucune sans non
    nicht nichts nie niemals niemand kein keine keinen keinem keiner keines ohne weder nein
    keineswegs keinesfalls kaum guere nullement
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
    segunda terca quarta quinta sexta maandag dinsdag woensdag donderdag vrijdag zaterdag zondag morgen
    понедельник вторник среда среду четверг пятница пятницу суббота субботу воскресенье завтра вчера сегодня
    janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre
    januar februar marz juni juli oktober dezember januari februari maart mei juni juli augustus
    gennaio febbraio marzo aprile maggio giugno luglio settembre ottobre dicembre
    janeiro fevereiro marco maio junho julho setembro outubro novembro dezembro
    января февраля марта апреля мая июня июля августа сентября октября ноября декабря
    """.split()  # noqa: SIM905 - as above
)
# Who does it, and whether it is sure: "we may refund" is not "we will refund", nor "you will refund".
FIXED = frozenset(
    """
    can could may might must shall should will would ought if unless
    i you he she it we they me him her us them my your his its our their mine yours hers ours theirs
    myself yourself himself herself itself ourselves yourselves themselves who whom
    yo tu usted ustedes el ella nosotros nosotras vosotros vosotras ellos ellas nos os mi mis te ti su sus
    nuestro nuestra nuestros nuestras se me si quien
    """.split()  # noqa: SIM905 - as above
) - {"el"}
# Forms of poder, deber, querer, tener and haber.
_SPANISH_MODAL = re.compile(
    r"(?:pued|pude|pudi|podem|podr|podi|podam|deb[eioa]|quier|quer[eria]|quis|tien|teng|tendr|tuv|habr|habi)"
    r"[a-z]*|ha|he|has|han|hay|hemos|haya|hayan"
)
# Likewise of French, German, Italian, Portuguese, Dutch and Russian.
_OTHER_MODAL = re.compile(
    r"(?:pourr|pouv|devr|voul|voudr|faudr)[a-z]*|peu[xt]|peuvent|doi[st]|doivent|veu[xt]"
    r"|w[ue]rde(?:n|st|t)?|wird|wirst|(?:k[ao]nn|m[uo]ss|m[ao]ch|soll|d[ua]rf|hatt|ware)[a-z]*"
    r"|(?:poss|potr|dobb|dovr|vogl|vorr)[a-z]*|devo|devi|deve|devono|vuole|puo"
    r"|(?:kun|kon|moet|moest|zal|zou|mag|mocht|wil|wou)[a-z]{0,5}"
    r"|(?:мог|мож|долж|буд|хоч|хот)[а-я]*"
)
# What a negation says in these changes nothing about what follows.
_HARMLESS = tuple(
    tuple(phrase.split())
    for phrase in """
    not worry | no worries | no problem | no problems | not a problem | no doubt | without a doubt | why not
    | not only | no se preocupe | no te preocupes | no hay problema | no pasa nada | no hay de que | de nada
    | sin duda | no solo | no hay ningun problema | nothing else | nada mas | without further ado | not at all
    | of course not | claro que no
    """.split("|")  # noqa: SIM905 - a list of phrases
)
# "No" is an answer by itself where these follow; "no reason", "no le" are not.
_AFTER_A_REPLY = frozenset(
    """
    i you we it they she there this that these those the an my your our its his their
    yo nosotros si claro senor senora gracias pues bueno mire
    no yes yeah yep okay ok well so but sir madam maam miss thanks thank
    """.split()  # noqa: SIM905 - as above
)
# "Possible" and "impossible" are alike, and say the opposite.
_NEGATING_PREFIX = re.compile(r"(?:un|in|im|ir|il|dis|non|mis|des|de)(?=\w{3})")
# One negation in several spellings: "cannot", "can not", "can't", "cant".
_SAME_NEGATION = {word: "not" for word in NEGATIONS if word in {"t", "nt", "cannot"} or word.endswith("nt")}
# Where words are not parted by spaces, a negation is a part of the writing: Chinese, Japanese, Thai, Korean.
_UNSPACED_NEGATION = re.compile(plain("[不没沒无無未别別勿]|ない|なく|なかっ|ません|ไม|อยา|않|없|못|아니"))


def key_words(words: Iterable[str]) -> list[str]:
    """The words of a text that another text must share, in their order, to say the same.

    Args:
        words: Folded; numbers as digits.

    Returns:
        Figures, ordinals, days and months, negations (in one spelling) and indefinite words.
    """
    listed = list(words)
    found = [
        _SAME_NEGATION.get(word, word)
        for word in listed
        if word[:1].isdigit()
        or word in NEGATIONS
        or word in INDEFINITES
        or word in CALENDAR
        or ordinal(word) is not None
    ]
    return found + _UNSPACED_NEGATION.findall("".join(listed))


def is_opposite(one: str, other: str) -> bool:
    """Whether two words differ by a prefix that negates: "possible", "impossible"."""
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    prefix = _NEGATING_PREFIX.match(longer)
    return prefix is not None and longer[prefix.end() :] == shorter


def fixed_words(words: Iterable[str]) -> list[str]:
    """The modal verbs and pronouns of a text, in order: another text that says the same has them too."""
    return [
        word
        for word in words
        if word in FIXED or _SPANISH_MODAL.fullmatch(word) or _OTHER_MODAL.fullmatch(word)
    ]


def negations_at(words: Sequence[str]) -> list[int]:
    """Which of the folded words negate what follows: not "no" as an answer, nor that of "no problem"."""
    harmless = {
        at + n
        for at in range(len(words))
        for phrase in _HARMLESS
        if tuple(words[at : at + len(phrase)]) == phrase
        for n in range(len(phrase))
    }
    return [
        at
        for at, word in enumerate(words)
        if at not in harmless and negates([word]) and not _is_reply(word, words[at + 1 : at + 2])
    ]


def _is_reply(word: str, following: Sequence[str]) -> bool:
    return word == "no" and bool(following) and following[0] in _AFTER_A_REPLY


def negates(words: Sequence[str]) -> bool:
    """Whether one of the folded words is a negation."""
    return any(word in NEGATIONS for word in words) or bool(_UNSPACED_NEGATION.search("".join(words)))
