"""Finds the security codes of cards that a conversation speaks of."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from include.card_data.cues import CODE_LENGTHS, CODES, Named
from include.card_data.datum import CVV, ECHO_TURNS, EXPIRY_OR_CODE, CardDatum, all_twice, pieces_of
from include.card_data.formats import is_expiry
from include.card_data.group import Group
from include.card_data.groups import Conversation

# A security code comes soon after the card, and its digits soon after its name.
_CODE_AFTER_CARD_TURNS = 24
_CODE_WITHIN_TURNS = 6


def codes_in(call: Conversation, cards: Sequence[CardDatum], taken: set[Group]) -> Iterator[CardDatum]:
    """Three or four digits that are named as a card's security code, and their echoes."""
    answered = call.answered_codes
    for group in (_code_of(one) for one in call.groups if one not in taken):
        named_in = group.turn - group.turns_since
        repeated = named_in in answered and not group.corrects and not call.asks_again(named_in, group.turn)
        if len(group.digits) not in CODE_LENGTHS or repeated:
            continue
        reason = _code_reason(call, group, cards)
        if reason:
            answered.add(named_in)
            echoes = {
                one
                for one in call.groups
                if one.digits == group.digits and group.turn <= one.turn <= group.turn + ECHO_TURNS
            } - taken
            taken |= echoes
            yield CardDatum(CVV, group.digits, pieces_of({group, *echoes}), True, reason)
    yield from _codes_inpieces_of(call, cards, taken)


def _codes_inpieces_of(
    call: Conversation, cards: Sequence[CardDatum], taken: set[Group]
) -> Iterator[CardDatum]:
    """Security codes that are said digit by digit, a turn each, and what the other side repeats of them."""
    short = [g for g in call.groups if g not in taken and g.named in CODES and len(g.digits) < 3]
    for side in dict.fromkeys(call.who(group.turn) for group in short):
        own = [group for group in short if call.who(group.turn) == side and call.answers(group)]
        own = own[::2] if all_twice(own) else own
        digits = "".join(group.digits for group in own)
        if len(digits) not in CODE_LENGTHS or len(own) < 2 or not all(map(call.is_bare, own)):
            continue
        if reason := _code_reason(call, own[0], cards):
            said = {g for g in short if own[0].turn <= g.turn <= own[-1].turn + 1}
            taken |= said
            yield CardDatum(CVV, digits, pieces_of(said), True, reason)


def _code_of(group: Group) -> Group:
    """The code that is said in one go after the expiry date, or the group as it is."""
    for length in (4, 6):
        rest = group.digits[length:]
        if len(rest) in CODE_LENGTHS and is_expiry(group.digits[:length]) and group.named in EXPIRY_OR_CODE:
            return replace(group, digits=rest, places=group.places[length:], named=Named.CODE)
    return group


def _code_reason(call: Conversation, group: Group, cards: Sequence[CardDatum]) -> str:
    """Why digits are the security code of a card; "" when they are none."""
    if group.turns_since > _CODE_WITHIN_TURNS or not call.answers(group):
        return ""
    said = [(card.pieces[0].turn, card.pieces[-1].turn) for card in cards]
    said += [(turn, turn) for turn in call.masked_cards]
    after_card = any(first <= group.turn <= last + _CODE_AFTER_CARD_TURNS for first, last in said)
    if group.named is Named.CODE_OF_CARD:
        return "it is named as the security code of a card"
    if group.named is Named.CODE_ON_BACK and (after_card or call.speaks_of_a_card(group.turn)):
        return "a code on the back, where a card is spoken of"
    if group.named in EXPIRY_OR_CODE and group.named is not Named.EXPIRY and after_card:
        return "a security code after a card number"
    return ""
