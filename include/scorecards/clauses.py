"""What stands around quoted words in their clause and turns them into something else."""

from collections.abc import Sequence
from itertools import pairwise

from include.scorecards.matching import Place, Token
from include.spoken.meaning import negates, negations_at

# A negation reaches so many words when no punctuation mark ends its clause before.
NEGATION_REACH_WORDS = 10
# One so near belongs to the words themselves: who leaves it out quotes something else.
PART_OF_THE_WORDS = 3
# Around an ellipsis, the parts of a quote lie within so many turns of their speaker.
ELLIPSIS_TURNS = 3
# What follows is read too: "no" before "I" is an answer.
_READ_ON_WORDS = 3
# Left out, they turn what they govern around as a negation does: "I refuse to help you".
_DENIALS = frozenset(
    """
    refuse refuses refused refusing decline declines declined deny denies denied unable failed fail fails
    forgot forget stop stopped avoid avoided
    niego niega nego rehuso rehusa olvide olvido incapaz impide impidio evito evita
    refusons oublie oublier evite empeche incapable weigere weigert weigern verweigere vergass vergessen
    lehne vermeide rifiuto rifiuta rifiutiamo dimenticato dimentico recuso recusa recusamos esqueci esquece
    weiger weigert vergeten отказываюсь отказываемся отказывается забыл забыла забыли
    """.split()  # noqa: SIM905 - readable
)
# Who says one of these of what follows does not say it: "I doubt that you will be refunded".
_DOUBTS = frozenset(
    """
    doubt doubts doubted deny denies denied false untrue
    dudo duda dudamos dudar niego niega negamos falso
    doute doutons nie nions faux bezweifle zweifle bezweifeln bestreite leugne falsch
    dubito dubitiamo nego falso duvido duvidamos twijfel betwijfel сомневаюсь сомневаемся отрицаю неправда
    """.split()  # noqa: SIM905 - readable
)
# Behind what they negate, in its clause: "ich rufe Sie nicht zurück", "on vous rembourse pas".
_BEHIND = frozenset(
    """
    nicht nie niemals nichts kein keine keinen keinem keiner keineswegs keinesfalls
    pas jamais rien aucun aucune guere niet nooit geen niets
    """.split()  # noqa: SIM905 - readable
)
# Another clause begins, or a question whether it is so.
_PARTS = frozenset(
    """
    weil dass wenn und oder aber denn damit sondern que mais et ou parce donc car si quand
    omdat dat en of maar want als ob
    """.split()  # noqa: SIM905 - readable
)
_HARMLESS_BEHIND = frozenset(
    {"probleme", "souci", "soucis", "problem", "sorge", "probleem", "seulement", "nur"}
)
# A clause in between stands by itself from so many words on: "never", "of course not" do not.
_CLAUSE_WORDS = 3
# A comma before these does not end what a negation reaches: "I am not saying, sir, that …".
_SUBORDINATE = frozenset({"that", "que"})
_ADDRESSED = frozenset({"sir", "madam", "maam", "miss", "senor", "senora", "please"})
_ADVERBIAL = frozenset(
    "in under by at on with for to of without de en bajo por a para con sin".split()  # noqa: SIM905 - readable
)
# A clause that ends in one answers what is quoted: "of course not".
_LAST = frozenset({"not", "no", "never", "nunca", "jamas"})


def words_to_negation(before: Place, place: Place) -> int | None:
    """How many words back a negation stands in the clause of a place; None where none does.

    Args:
        before: What its speaker says before it; a turn's end does not end a clause, punctuation does.
        place: The quoted words.
    """
    clause: list[Token] = []
    for token in reversed(before[-NEGATION_REACH_WORDS:]):
        if token.finishes or (token.closes and not _goes_on(clause[0] if clause else place[0])):
            break
        clause.insert(0, token)
    words = [token.text for token in (*clause, *place[:_READ_ON_WORDS])]
    found = [*negations_at(words), *(at for at, word in enumerate(words) if word in _DOUBTS)]
    found = [at for at in found if at < len(clause)]
    return len(clause) - max(found) if found else None


def _goes_on(token: Token) -> bool:
    """Whether a clause goes on over the comma before a word."""
    return token.text in _SUBORDINATE or (token.closes and token.text in _ADDRESSED)


def is_negated_after(place: Place, following: Place) -> bool:
    """Whether what follows in its clause turns a place around: "I will [not]", "ich rufe [Sie nicht]"."""
    words = [token.text for token in following]
    if place[-1].closes:
        return False
    if _is_negated_behind(following):
        return True
    if words[:1] != ["not"] or place[-1].text == "or":
        return False
    return negations_at(words)[:1] == [0]


def _is_negated_behind(following: Place) -> bool:
    """Whether one of the languages that put a negation behind the verb has one in the next words."""
    for at, token in enumerate(following):
        if token.text in _BEHIND or (at == 0 and negates([token.text]) and not token.text.isascii()):
            return not any(one.text in _HARMLESS_BEHIND for one in following[at + 1 :])
        if token.text in _PARTS or token.closes:
            return False
    return False


def may_be_left_out(before: Token, hidden: Place) -> bool:
    """Whether an ellipsis may hide this: few turns, and no negation that reaches what is quoted.

    Args:
        before: The last word that is quoted before the ellipsis.
        hidden: The words that it stands for.
    """
    if len({token.turn.id for token in hidden}) > ELLIPSIS_TURNS:
        return False
    words = [token.text for token in hidden]
    clauses = _closed(before.closes, [token.closes for token in hidden])
    sentences = {at for span in _closed(before.finishes, [token.finishes for token in hidden]) for at in span}
    closed = {at for span in clauses for at in span}
    open_words = [word for at, word in enumerate(words) if at not in closed]
    if negates(open_words) or not _DENIALS.isdisjoint(open_words):
        return False
    spoken = [[words[at] for at in span] for span in clauses if not sentences.issuperset(span)]
    return all(_stands_alone(clause) for clause in spoken if negates(clause))


def _closed(before: bool, marks: Sequence[bool]) -> list[range]:
    """Where the words stand that have a mark before and after them; `before`: whether the first has one."""
    ends = [at + 1 for at, marked in enumerate(marks) if marked]
    return [range(start, end) for start, end in pairwise([0, *ends] if before else ends)]


def _stands_alone(clause: list[str]) -> bool:
    """Whether a clause says something of its own: "no reason needed", unlike "in no way"."""
    return len(clause) >= _CLAUSE_WORDS and clause[0] not in _ADVERBIAL and clause[-1] not in _LAST
