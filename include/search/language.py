"""What a person types into the search box, as clauses.

    refund                      the word, by anybody
    "cancel my contract"        the words one after the other, in one turn
    agent:sorry                 said by the agent; also customer: and any other label of a transcript
    customer:"not working"
    refund OR reimbursement     either
    -voucher  -agent:"thank you"
    cancel*                     every word that begins so

Everything typed must hold. Case, accents and punctuation make no difference; a sign alone is no word.
"""

import re
from dataclasses import dataclass

from include.errors import InvalidInput
from include.spoken.words import bare_words

# So long are words in an index; what is longer is no word.
LONGEST_WORD_CHARS = 100
_MOST_TERMS = 20
_ITEM = re.compile(
    r"""(?P<minus>-)? (?:(?P<speaker>[^\W\d]\w*):)? (?: "(?P<phrase>[^"]*)" | (?P<word>[^\s"]+) )""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Term:
    """Words that are said one after the other.

    Attributes:
        words: Folded, at least one.
        speaker: A turn's label; None for anybody's.
        is_prefix: Whether the last word may go on.
    """

    words: tuple[str, ...]
    speaker: str | None = None
    is_prefix: bool = False


@dataclass(frozen=True)
class Clause:
    """Terms of which one must be said; `negated`: of which none may be."""

    terms: tuple[Term, ...]
    negated: bool = False


def parse(text: str) -> tuple[Clause, ...]:
    """Reads what was typed; nothing typed is no clause.

    Raises:
        InvalidInput: A quotation mark is open, a term is empty, or OR stands where it joins nothing.
    """
    if text.count('"') % 2:
        raise InvalidInput(f'Search: a quotation mark is open in {text!r}: write "both of them".')
    clauses: list[Clause] = []
    joins = False
    for item in _ITEM.finditer(text):
        if item["word"] == "OR" and not item["minus"] and not item["speaker"]:
            joins = _may_join(clauses, text)
            continue
        if not item["speaker"] and item["word"] and not bare_words(item["word"]):
            continue
        clause = Clause((_term(item, text),), negated=bool(item["minus"]))
        clauses = _joined(clauses, clause, text) if joins else [*clauses, clause]
        joins = False
    if joins:
        raise InvalidInput(f"Search: nothing follows OR in {text!r}.")
    if sum(len(clause.terms) for clause in clauses) > _MOST_TERMS:
        raise InvalidInput(f"Search: more than {_MOST_TERMS} words and phrases at once.")
    return tuple(clauses)


def _may_join(clauses: list[Clause], text: str) -> bool:
    if not clauses or clauses[-1].negated:
        raise InvalidInput(f"Search: OR in {text!r} stands between two words or phrases without a minus.")
    return True


def _joined(clauses: list[Clause], clause: Clause, text: str) -> list[Clause]:
    if clause.negated:
        raise InvalidInput(f"Search: OR in {text!r} stands between two words or phrases without a minus.")
    return [*clauses[:-1], Clause((*clauses[-1].terms, *clause.terms))]


def _term(item: re.Match[str], text: str) -> Term:
    said = item["word"] if item["phrase"] is None else item["phrase"]
    words = tuple(word[:LONGEST_WORD_CHARS] for word, _, _ in bare_words(said))
    if not words:
        raise InvalidInput(f"Search: {item.group()!r} in {text!r} holds no word.")
    speaker = item["speaker"].lower() if item["speaker"] else None
    return Term(words, speaker, is_prefix=item["phrase"] is None and said.endswith("*"))
