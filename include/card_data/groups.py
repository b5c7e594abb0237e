"""Groups of digits as they are said, and which of them one speaker says as one number."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import cached_property

from include.calls.transcript import Turn
from include.card_data.cues import (
    CARDS,
    CODE_LENGTHS,
    CODES,
    OTHERS,
    Cue,
    CuesOfTurns,
    Named,
    asks,
    asks_for,
    asks_for_the_number,
    code_after,
    corrects,
    leads_to,
    names_a_number,
    speaks_of_payment,
)
from include.card_data.group import Group
from include.card_data.masks import MASK
from include.card_data.sound_alikes import may_sound_alike, with_sound_alikes
from include.card_data.spoken_digits import is_quantity, parted, read_aloud, sentence_start
from include.spoken.numbers import DigitRun, numbers_in, runs_of
from include.spoken.quantities import DOUBTFUL, quantities_in

# Between two groups of a number: other words of its speaker, and turns of the other side. Where a card number
# was asked for, and speakers may be mixed in one turn, more is said before it goes on.
_MOST_OWN_WORDS = 14
_MOST_WORDS_IN_CARD = 45
_MOST_TURNS_BETWEEN = 6
# How far back a number may have been named: letters and acknowledgements stand in between.
_NAMED_WITHIN_TURNS = 14
# Groups that are looked at after a card number was begun.
_MOST_GROUPS = 24
_CARD_WITHIN_TURNS = 12
# Somebody who dictates digit by digit says so many words beside one: "um, four, yes".
_BARE_WORDS = 3
_WORD = re.compile(r"\w+")


class Conversation:
    """The groups of digits of a call, each with its name.

    Args:
        turns: In order; what is masked in them already is not looked at.
        heeds_names: Whether what a number is called counts; in a log line it does not.
    """

    def __init__(self, turns: Sequence[Turn], *, heeds_names: bool = True) -> None:
        self.turns = turns
        self._texts = [read_aloud(turn.text) for turn in turns]
        self._who = [turn.whose for turn in turns]
        self._cues = CuesOfTurns(self._texts if heeds_names else [""] * len(turns))
        self._masks = [(n, mask) for n, turn in enumerate(turns) for mask in MASK.finditer(turn.text)]
        self._in_turn: list[list[Group]] = [[] for _ in turns]
        for n, text in enumerate(self._texts):
            runs = self._runs(n)
            names = [(cue.start, cue.end) for cue in self._cues[n]] if runs else []
            for digits, places in parted(text, runs, but=names):
                if not is_quantity(text, places[0][0], places[-1][1]):
                    self._in_turn[n].append(self._group(n, digits, places))
        self.groups = [group for in_turn in self._in_turn for group in in_turn]

    def _runs(self, turn: int) -> list[DigitRun]:
        text = self._texts[turn]
        numbers = numbers_in(text)
        if may_sound_alike(text):
            numbers = with_sound_alikes(text, numbers, asked=self._is_asked(turn))
        return runs_of(text, numbers)

    def _is_asked(self, turn: int) -> bool:
        """Whether a card's number or code was asked for not long before."""
        before = range(max(0, turn - _CARD_WITHIN_TURNS), turn)
        return any(
            cue.named in CODES or cue.named is Named.CARD_NUMBER for n in before for cue in self._cues[n]
        )

    @property
    def masked_cards(self) -> list[int]:
        """The turns in which a card number is masked already."""
        return [turn for turn, mask in self._masks if mask.group(1)]

    @property
    def answered_codes(self) -> set[int]:
        """The turns that name a security code whose digits are masked already."""
        codes = [(turn, mask.start()) for turn, mask in self._masks if not mask.group(1)]
        return {turn - self._name(turn, start)[1] for turn, start in codes}

    def text(self, turn: int) -> str:
        """A turn's text, masks hidden."""
        return self._texts[turn]

    def who(self, turn: int) -> tuple[int, str]:
        """Who speaks: channel and label."""
        return self._who[turn]

    def answers(self, group: Group) -> bool:
        """Whether it is named in its own turn or by the other side: who asks for digits does not say them."""
        if group.turns_since == 0 or not self.turns[group.turn].is_told_apart:
            return True
        return self.who(group.turn - group.turns_since) != self.who(group.turn)

    @cached_property
    def pays(self) -> bool:
        """Whether somebody pays in the call, or a card number was said in it."""
        return bool(self.masked_cards) or any(map(speaks_of_payment, self._texts))

    def speaks_of_a_card(self, turn: int) -> bool:
        """Whether a payment card is spoken of, not long before."""
        before = range(max(0, turn - _CARD_WITHIN_TURNS), turn + 1)
        return any(
            cue.named in CARDS or cue.named is Named.CODE_OF_CARD for n in before for cue in self._cues[n]
        )

    def asks_for_a_card(self, group: Group) -> bool:
        """Whether digits that nobody names may answer a question for the card: no other one stands before."""
        others = [n for n in range(group.turn - 1, -1, -1) if not self._same_side(n, group.turn)]
        question = others[0] if others else group.turn
        text = self._texts[question]
        begins = sentence_start(text, max(0, text.rfind("?")))
        for_card = any(cue.named in CARDS and cue.start >= begins for cue in self._cues[question])
        if "?" in text and not for_card and not asks_for_the_number(text[begins:]):
            return False
        return self.speaks_of_a_card(group.turn)

    def asks_again(self, named_in: int, turn: int) -> bool:
        """Whether the other side speaks between a first answer and this turn: it may have been wrong."""
        answered = [n for n in range(named_in, turn) if self._same_side(n, turn)]
        return bool(answered) and any(not self._same_side(n, turn) for n in range(answered[0], turn))

    def counts_something(self, group: Group) -> bool:
        """Whether digits are part of a date, a time, an amount: no number that is read aloud."""
        return any(
            quantity.start < group.end and group.start < quantity.end
            for quantity in quantities_in(self._texts[group.turn])
            if quantity.kind not in DOUBTFUL
        )

    def asked_itself(self, group: Group) -> bool:
        """Whether digits are said by the side that asked for a number: they are no part of the answer."""
        asked_in = group.turn - group.turns_since
        is_one_side = self.who(asked_in) == self.who(group.turn) and self.who(asked_in)[1] != "unknown"
        return group.turns_since > 0 and is_one_side and "?" in self._texts[asked_in]

    def chains(self) -> Iterator[list[Group]]:
        """Groups that one speaker may say as one number, whatever the other side says in between."""
        for who in dict.fromkeys(map(self.who, range(len(self.turns)))):
            yield from self._joined([group for group in self.groups if self.who(group.turn) == who])

    def interrupted(self) -> Iterator[list[Group]]:
        """All that one speaker says after a card number was begun, whatever else is asked in between."""
        for who in dict.fromkeys(map(self.who, range(len(self.turns)))):
            own = [group for group in self.groups if self.who(group.turn) == who]
            begun = next((n for n, group in enumerate(own) if group.named in CARDS), None)
            if begun is not None:
                yield own[begun : begun + _MOST_GROUPS]

    def repeats_another(self, chain: Sequence[Group]) -> bool:
        """Whether a number that nobody names reads back one that was said, and that is no card's."""
        if not chain or any(group.named is not None for group in chain):
            return False
        digits = "".join(group.digits for group in chain)
        return any(digits in said or said in digits for said in self._other_numbers if len(said) >= 8)

    @cached_property
    def _other_numbers(self) -> list[str]:
        """The digits of each number that is named as something else."""
        others = (chain for chain in self.chains() if chain[0].named in OTHERS)
        return ["".join(group.digits for group in chain) for chain in others]

    def chains_of_all(self) -> Iterator[list[Group]]:
        """The same over all speakers together: labels may change in the middle of a number."""
        yield from self._joined(self.groups)

    def _joined(self, groups: Sequence[Group]) -> Iterator[list[Group]]:
        chain: list[Group] = []
        for group in groups:
            if len(group.digits) == 1 and group.named not in CARDS and not self._stands_close(group):
                continue
            if chain and not self._continues(chain[-1], group):
                yield chain
                chain = []
            chain.append(group)
        if chain:
            yield chain

    def _stands_close(self, single: Group) -> bool:
        """Whether a single digit is one, not the word "one": other digits are a word or two away."""
        in_turn = self._in_turn[single.turn]
        at = bisect_left(in_turn, single.start, key=lambda group: group.start)
        text = self._texts[single.turn]
        before = text[in_turn[at - 1].end : single.start] if at else None
        after = text[single.end : in_turn[at + 1].start] if at + 1 < len(in_turn) else None
        return any(gap is not None and len(_WORD.findall(gap)) <= 2 for gap in (before, after))

    def _continues(self, last: Group, following: Group) -> bool:
        """No other number is named in between, by anybody, and the speaker says little else."""
        if following.turn - last.turn - 1 > _MOST_TURNS_BETWEEN:
            return False
        if any(self._ends_a_number(*one) for one in self._cues_between(last, following)):
            return False
        if last.named is not following.named and not {last.named, following.named} <= CARDS:
            return False
        own = [
            self._texts[n] for n in range(last.turn + 1, following.turn) if self.who(n) == self.who(last.turn)
        ]
        own += self._around(last, following)
        most = _MOST_WORDS_IN_CARD if last.named in CARDS else _MOST_OWN_WORDS
        return sum(len(_WORD.findall(text)) for text in own) <= most

    def _around(self, last: Group, following: Group) -> list[str]:
        if last.turn == following.turn:
            return [self._texts[last.turn][last.end : following.start]]
        return [self._texts[last.turn][last.end :], self._texts[following.turn][: following.start]]

    def _ends_a_number(self, turn: int, cue: Cue) -> bool:
        """Whether another number is asked for, or announced, there."""
        if cue.named in CODES or cue.named is Named.EXPIRY:
            return True
        text = self._texts[turn]
        if cue.named not in OTHERS or asks(text) or names_a_number(text, cue):
            return cue.named in OTHERS
        following = next((group.start for group in self._in_turn[turn] if group.start >= cue.end), None)
        return following is not None and leads_to(text, cue, following)

    def _cues_between(self, last: Group, following: Group) -> Iterator[tuple[int, Cue]]:
        for n in range(last.turn, following.turn + 1):
            for cue in self._cues[n]:
                after = n > last.turn or cue.start >= last.end
                before = n < following.turn or cue.end <= following.start
                if after and before:
                    yield n, cue

    def _group(self, turn: int, digits: str, places: tuple[tuple[int, int], ...]) -> Group:
        start = places[0][0]
        since = max((group.end for group in self._in_turn[turn]), default=0)
        taken_back = corrects(self._texts[turn][since:start])
        after = code_after(self._texts[turn], places[-1][1], self._cues[turn])
        is_code = after and len(digits) in CODE_LENGTHS
        return Group(turn, digits, places, *((after, 0) if is_code else self._name(turn, start)), taken_back)

    def _name(self, turn: int, start: int) -> tuple[Named | None, int]:
        """The nearest name before a place, and how many turns before; or that of the digits before it."""
        for n in range(turn, max(-1, turn - _NAMED_WITHIN_TURNS - 1), -1):
            said = [g for g in self._in_turn[n] if self._carries(g) and self._same_side(n, turn)]
            last = max((g.end for g in said if n < turn or g.end <= start), default=-1)
            name = self._name_in(n, turn, max(last, 0), start if n == turn else len(self._texts[n]))
            if name is not None:
                return name, turn - n
            if last >= 0:
                earlier = next(g for g in said if g.end == last)
                return earlier.named, earlier.turns_since + turn - n
        return None, 0

    def _carries(self, group: Group) -> bool:
        """Whether digits hand on their name to those after them: not the word "one"."""
        return len(group.digits) > 1 or (group.named in CARDS | CODES and self.is_bare(group))

    def is_bare(self, group: Group) -> bool:
        """Whether hardly a word stands beside digits in their turn."""
        text = self._texts[group.turn]
        return len(_WORD.findall(text[: group.start])) + len(_WORD.findall(text[group.end :])) <= _BARE_WORDS

    def _name_in(self, named_in: int, turn: int, since: int, until: int) -> Named | None:
        """What the last sentence with names says that digits of a turn are; a card's number first of all."""
        cues = [cue for cue in self._cues[named_in] if since <= cue.start and cue.end <= until]
        meant = [cue for cue in cues if self._is_meant(cue, named_in, turn, until)]
        if not meant:
            return None
        text = self._texts[named_in]
        if named_in == turn and leads_to(text, meant[-1], until):
            return meant[-1].named
        begins = sentence_start(text, meant[-1].start)
        in_sentence = [cue.named for cue in meant if cue.start >= begins]
        return Named.CARD_NUMBER if Named.CARD_NUMBER in in_sentence else in_sentence[-1]

    def _is_meant(self, cue: Cue, named_in: int, turn: int, start: int) -> bool:
        """Whether a name is that of the digits of a turn, and not only spoken of."""
        text = self._texts[named_in]
        if cue.named is Named.CARD:
            return named_in == turn or (turn - named_in <= 2 and asks_for(text, cue))
        if cue.named in OTHERS:
            asked_for = leads_to(text, cue, start) if named_in == turn else asks(text)
            return asked_for or names_a_number(text, cue)
        return True

    def _same_side(self, one: int, other: int) -> bool:
        return self.who(one) == self.who(other)
