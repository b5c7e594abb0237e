"""Finds card numbers and security codes in a conversation, however they are said, and says how sure it is.

A number is *certain* when issuer, length and check digit are a card's, it is named as a card's or the call is
about a payment, and its form is nothing else's (IBAN, SIM card, …). It is *suspected* when one of these is
missing: a person decides then. What is suspected is masked like what is certain.
"""

from collections.abc import Sequence
from dataclasses import replace

from include.calls.transcript import Turn
from include.card_data.codes import codes_in
from include.card_data.cues import CARDS, CODES, OTHERS, Named
from include.card_data.datum import CARD, CVV, ECHO_TURNS, EXPIRY_OR_CODE, CardDatum, all_twice, pieces_of
from include.card_data.formats import CARD_LENGTHS, other_format
from include.card_data.group import Group
from include.card_data.groups import Conversation
from include.card_data.readings import Reading, best, in_one_go, said_wrongly_before, whole

# Whoever reads a number back at the end comes long after its first digits.
_READ_BACK_TURNS = 40
_LEAST_IBAN_DIGITS = 22
_LEAST_ECHO_DIGITS = 4
# A number that was asked for as a card's, with a group too many or too few, or a digit heard twice.
_LENGTHS_MISHEARD = range(12, 20)


def card_data(turns: Sequence[Turn], *, heeds_names: bool = True) -> list[CardDatum]:
    """Finds card numbers and security codes, each once per place.

    Args:
        turns: Of a call, in order.
        heeds_names: Whether what a number is called counts: an order number is none of a card.
    """
    call = Conversation(turns, heeds_names=heeds_names)
    found = _Found(call)
    chains = list(call.chains())
    found.accounts(chains)
    mixed = [chain for chain in call.chains_of_all() if chain[0].named is Named.CARD_NUMBER]
    for certain in (True, False):  # what is certain first: its echoes are no numbers of their own
        for chain in [*chains, *mixed]:
            found.look_for_a_card(chain, certain=certain)
    for chain in call.interrupted():
        found.look_for_an_interrupted_card(chain)
    return [*found.cards, *codes_in(call, found.cards, found.taken)]


class _Found:
    """The card numbers of a call while they are looked for, and the groups that are accounted for."""

    def __init__(self, call: Conversation) -> None:
        self._call = call
        self.cards: list[CardDatum] = []
        self.taken: set[Group] = set()

    def accounts(self, chains: Sequence[Sequence[Group]]) -> None:
        """Takes what is an account, or another number, by its own check digits; its echoes too."""
        for chain in chains:
            digits = "".join(group.digits for group in chain)
            if chain[0].named not in CARDS and other_format(digits) is not None:
                self.taken |= set(chain)
                self.taken |= {g for g in self._call.groups if len(g.digits) > 1 and g.digits in digits}

    def look_for_a_card(self, chain: Sequence[Group], *, certain: bool) -> None:
        """Takes the card number that a chain holds, if it is as certain as asked."""
        free = [group for group in chain if group not in self.taken]
        found = None if self._call.repeats_another(free) else _card_in(self._call, free)
        if found is not None and found[0].certain is certain and not _is_by_chance(self._call, found[1]):
            self._take(*found)

    def look_for_an_interrupted_card(self, chain: Sequence[Group]) -> None:
        """Takes a card number between whose groups other numbers were said."""
        reading = best([group for group in chain if group not in self.taken], interrupted=True)
        if reading is not None and reading.used[0].named is Named.CARD_NUMBER:
            reason = "it is begun as a card number, and goes on after other questions"
            self._take(*_found(replace(reading, said=reading.used), certain=False, reason=reason))

    def _take(self, card: CardDatum, reading: Reading) -> None:
        number, *code = _apart(card, reading)
        self.taken |= {group for _, reading in code for group in reading.said}
        datum, groups = _with_echoes(self._call, *number, but=self.taken)
        self.taken |= groups
        self.cards += [datum, *(replace(one, pieces=pieces_of(reading.said)) for one, reading in code)]


def _is_by_chance(call: Conversation, reading: Reading) -> bool:
    """Whether a number that nobody names is put together of dates, times and amounts."""
    return reading.used[0].named is None and any(map(call.counts_something, reading.used))


def _apart(card: CardDatum, reading: Reading) -> list[tuple[CardDatum, Reading]]:
    """A number, and the security code that somebody reads on to after it without naming it."""
    *number, last = reading.used
    before = sum(len(group.digits) for group in number)
    if len(last.digits) != 3 or before < len(card.digits):
        return [(card, reading)]
    said = tuple(group for group in reading.said if group is not last)
    code = CardDatum(CVV, last.digits, (), card.certain, "three digits right after a card number")
    return [
        (card, Reading(reading.digits, tuple(number), said)),
        (code, Reading(last.digits, (last,), (last,))),
    ]


def _card_in(call: Conversation, chain: Sequence[Group]) -> tuple[CardDatum, Reading] | None:
    """The card number that a chain holds, if it does; of several readings the one that uses most of it."""
    if sum(len(group.digits) for group in chain) < min(CARD_LENGTHS) - 1:
        return None
    named = next((g.named for g in chain if g.named is not None), None)
    if named in CARDS or named in CODES:  # "the number and then the code, please"
        return _named_card(chain, named)
    number = None if named in OTHERS else whole(chain) or in_one_go(chain)
    if number is None:
        return None
    if not call.pays:
        reason = "issuer, length and check digit are a card's, but nobody speaks of a payment"
        return _found(number, certain=False, reason=reason)
    if not call.asks_for_a_card(number.used[0]):
        reason = "issuer, length and check digit are a card's, but something else may have been asked for"
        return _found(number, certain=False, reason=reason)
    reason = "issuer, length and check digit are a card's, and the call is about a payment"
    return _found(number, certain=True, reason=reason)


def _named_card(chain: Sequence[Group], named: Named) -> tuple[CardDatum, Reading] | None:
    once = chain[::2] if all_twice(chain) else chain
    reading = whole(once) or best(chain)
    if reading is not None and once is not chain:
        reading = replace(reading, said=tuple(chain))
    if reading is not None and _is_of_an_account(chain, reading):
        return None
    if reading is not None:
        reading = replace(reading, said=(*said_wrongly_before(chain, reading), *reading.said))
        reason = "it is named as a card's, and issuer, length and check digit are a card's"
        return _found(reading, certain=True, reason=reason)
    digits = "".join(group.digits for group in chain)
    if named is Named.CARD_NUMBER and len(digits) in _LENGTHS_MISHEARD and other_format(digits) is None:
        reading = Reading(digits, tuple(chain), tuple(chain))
        return _found(
            reading, certain=False, reason="it is named as a card number, but its digits do not add up"
        )
    return None


def _is_of_an_account(chain: Sequence[Group], reading: Reading) -> bool:
    """Whether a number is cut out of an account number, by that one's length and check digits."""
    begins, ends = reading.said[0] is chain[0] or reading.said[0].corrects, reading.said[-1] is chain[-1]
    digits = "".join(group.digits for group in chain)
    return not (begins and ends) and len(digits) >= _LEAST_IBAN_DIGITS and other_format(digits) is not None


def _found(reading: Reading, *, certain: bool, reason: str) -> tuple[CardDatum, Reading]:
    return CardDatum(CARD, reading.digits, (), certain, reason), reading


def _with_echoes(
    call: Conversation, datum: CardDatum, reading: Reading, but: set[Group]
) -> tuple[CardDatum, set[Group]]:
    """Adds the places where the number, or a part of it, is said again by anybody, rightly or wrongly."""
    first, last = reading.said[0].turn, reading.said[-1].turn
    near = range(first - ECHO_TURNS, last + ECHO_TURNS + 1)
    asked = range(first - _READ_BACK_TURNS, last + ECHO_TURNS + 1)
    groups = set(reading.said) | {
        group
        for group in call.groups
        if _repeats(datum.digits, group, least=_LEAST_ECHO_DIGITS if group.turn in near else 5)
        or (
            len(group.digits) > 1
            and group.named in CARDS
            and group.turn in asked
            and not call.asked_itself(group)
        )
        or (first <= group.turn <= last + 1 and _echoes(reading, group))
        or (first <= group.turn <= last + 1 and _is_digit_by_digit(reading) and call.is_bare(group))
    }
    groups -= but
    return replace(datum, pieces=pieces_of(groups)), groups


def _answers_too(call: Conversation, group: Group) -> bool:
    """Whether digits were said for the card's number, whether they are of it or not."""
    return len(group.digits) > 1 and group.named in CARDS and not call.asked_itself(group)


def _repeats(digits: str, group: Group, *, least: int) -> bool:
    """Whether a group says the number, or a part of it of at least so many digits."""
    return (len(group.digits) >= least and group.digits in digits) or digits in group.digits


def _echoes(reading: Reading, group: Group) -> bool:
    """Whether a group repeats one of the number, or its end, rightly or misheard."""
    if group.named in EXPIRY_OR_CODE:
        return False
    lengths = {len(one.digits) for one in reading.used} - {1}
    ends = any(one.digits.endswith(group.digits) for one in reading.used)
    return len(group.digits) > 1 and (len(group.digits) in lengths or ends)


def _is_digit_by_digit(reading: Reading) -> bool:
    """Whether a number is said in turns of one digit each, so that the other side's digits are its echoes."""
    singles = {group.turn for group in reading.used if len(group.digits) == 1}
    return len(singles) >= _LEAST_ECHO_DIGITS
