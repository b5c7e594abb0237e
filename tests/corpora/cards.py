"""Calls in which a payment card is read aloud, made by rule; `other_numbers` makes those without one.

Every positive draws its language, scheme, way of reading, prompt, expiry date and security code; its family
says what else happens: how the other side reacts, who corrects whom, whether speakers are known.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

from include.plain_yaml import read_yaml
from include.spoken.numbers import numbers_in
from tests.corpora.dialogue import Family, Item, Scene, beside_secrets, finished, secret
from tests.corpora.identifiers import CARD_GROUPS, card_number, digits
from tests.corpora.reading import Reader, in_groups, reader

PHRASES = read_yaml(Path("tests/corpora/phrases.yaml").read_text())
REACTIONS = ("silence", "murmur", "acknowledgement", "echo", "question", "last two", "read back", "in one go")
CORRECTIONS = ("corrected", "restarted", "said twice", "misheard")
_MONTHS = {
    "en": "January February March April May June July August September October November December",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
}
# Digits in a row of a card number that nobody may be able to read after masking.
SECRET_DIGITS = 5


@dataclass
class _Dictation:
    """A card number while it is read aloud.

    Attributes:
        customer: How the customer reads.
        agent: How the agent repeats.
    """

    scene: Scene
    customer: Reader
    agent: Reader
    reaction: str

    def _wrong(self, one: Reader, group: str) -> str:
        wrong = _changed(self.scene.random, group)
        return secret("NEAR", one.group(wrong), wrong)

    def read(self, groups: Sequence[str], opening: str, correction: str) -> None:
        """All groups with what goes wrong on the way: in one of them, drawn by chance."""
        at = self.scene.random.randrange(len(groups)) if correction else -1
        for n, group in enumerate(groups):
            said = _said(self.customer, group)
            if n == at:
                said = self._corrected(groups[: n + 1], said, correction)
            self.scene.customer(f"{opening} {said}.".strip())
            self._react(group, last=n == len(groups) - 1, misheard=n == at and correction == "misheard")
            opening = self.scene.phrase("goes on")
            if self.scene.perhaps(0.1) and n < len(groups) - 1:
                self.scene.customer(self.scene.phrase("aside"))
        if self.reaction == "read back":
            self._read_back(groups)

    def read_in_one_go(self, groups: Sequence[str], opening: str) -> None:
        """All groups in one turn, with fillers now and then; or one block of figures."""
        one = self.customer
        if one.style == "figures" and self.scene.perhaps(0.3):
            said = _said(one, "".join(groups))
        else:
            said = one.groups(groups, self.scene.random.choice((0, 0, 0.3)), _said)
        self.scene.customer(f"{opening} {said}.".strip())
        self.scene.agent(self.scene.phrase("murmur"))

    def _corrected(self, groups: Sequence[str], said: str, correction: str) -> str:
        scene = self.scene
        if correction == "corrected":
            return f"{self._wrong(self.customer, groups[-1])}, {scene.phrase('correct')} {said}"
        if correction == "said twice":
            return scene.phrase("again").format(said)
        if correction == "restarted":
            again = [_said(self.customer, group) for group in groups]
            wrong = self._wrong(self.customer, groups[-1])
            return f"{wrong}. {scene.phrase('restart')} {', '.join(again)}"
        return said

    def _react(self, group: str, *, last: bool, misheard: bool) -> None:
        scene = self.scene
        if misheard:
            scene.agent(f"{self._wrong(self.agent, group)}?")
            scene.customer(scene.phrase("misheard").format(_said(self.customer, group)))
            scene.agent(f"{_said(self.agent, group)}, {scene.phrase('murmur').lower()}")
        elif self.reaction == "echo":
            before, after = scene.phrase("echo before"), scene.phrase("echo after")
            scene.agent(f"{before}{_said(self.agent, group)}{after}.")
        elif self.reaction == "question":
            scene.agent(f"{_said(self.agent, group)}?")
            if scene.perhaps(0.4):
                scene.customer(scene.phrase("confirm"))
        elif self.reaction == "last two":
            end = secret("NEAR", self.agent.group(group[-2:]), group[-2:])
            heard = f"{end}, {scene.phrase('murmur').lower()}"
            scene.agent(scene.phrase("ends in").format(end) if scene.perhaps(0.3) else heard)
        elif self.reaction in ("murmur", "acknowledgement") and not last:
            scene.agent(scene.phrase(self.reaction))

    def _read_back(self, groups: Sequence[str]) -> None:
        said = self.agent.groups(groups, say=_said)
        self.scene.agent(self.scene.phrase("read back").format(said))
        self.scene.customer(self.scene.phrase("confirm"))


def _said(one: Reader, group: str) -> str:
    return secret("CARD", one.group(group), group)


def _changed(random: Random, group: str) -> str:
    """The group with one digit wrong, or two swapped."""
    at = random.randrange(len(group))
    if at > 0 and group[at] != group[at - 1] and random.random() < 0.5:
        return group[: at - 1] + group[at] + group[at - 1] + group[at + 1 :]
    return group[:at] + str((int(group[at]) + random.randrange(1, 10)) % 10) + group[at + 1 :]


def _security_code(scene: Scene, cvv: str, one: Reader, agent: Reader) -> None:
    said = secret("CVV", one.group(cvv), cvv)
    if scene.perhaps(0.8):
        scene.agent(scene.phrase("code asked"))
        scene.customer(scene.phrase("code answered").format(said))
    else:
        scene.customer(scene.phrase("code offered").format(said))
    if scene.perhaps(0.3):
        scene.agent(scene.phrase("code echoed").format(secret("CVV", agent.group(cvv), cvv)))


def _expiry(scene: Scene) -> None:
    month, year = scene.random.randrange(12), scene.random.randrange(27, 33)
    if scene.perhaps(0.7):
        scene.agent(scene.phrase("expiry asked"))
    name = _MONTHS[scene.language].split()[month]
    scene.customer(scene.phrase("expiry").format(mm=f"{month + 1:02d}", yy=year, month=name))


def _opening(scene: Scene) -> str:
    """What leads to the number; returns how the customer's turn with it begins."""
    if scene.perhaps(0.7):
        scene.agent(scene.phrase("greeting"))
        scene.customer(scene.phrase("wants to pay"))
        scene.agent(scene.phrase("total"))
    if scene.perhaps(0.7):
        scene.agent(scene.phrase("ask card"))
        return scene.phrase("lead in")
    return scene.phrase("offer card")


def _card_call(
    random: Random,
    *,
    family: str,
    reaction: str = "",
    correction: str = "",
    layout: str = "stereo",
    code: float = 0.5,
) -> Item:
    """A call with a card; what is not told is drawn. Drawn anew where other numbers resemble the card."""
    while True:
        scene = Scene(random, random.choice(("en", "es")), PHRASES)
        card, customer = card_number(random), reader(random, scene.language)
        agent = reader(random, scene.language, (customer.style, "figures", "words"))
        cvv = digits(random, 4 if len(card) == 15 else 3) if scene.perhaps(code) else ""
        groups = in_groups(card, random.choice(CARD_GROUPS[len(card)]))
        how = reaction or random.choice(("in one go", *REACTIONS[:6]) if not correction else REACTIONS[:4])
        dictation, opening = _Dictation(scene, customer, agent, how), _opening(scene)
        if how == "in one go":
            dictation.read_in_one_go(groups, opening)
        else:
            dictation.read(groups, opening, correction)
        if scene.perhaps(0.6):
            _expiry(scene)
        if cvv:
            _security_code(scene, cvv, customer, agent)
        scene.agent(scene.phrase("paid"))
        if not _resembles(scene, card, cvv):
            return finished(scene, family, card=card, cvv=cvv, layout=layout)


def _code_alone(random: Random, *, family: str) -> Item:
    """The card number is keyed in or on file, its security code is said."""
    while True:
        scene = Scene(random, random.choice(("en", "es")), PHRASES)
        one, cvv = reader(random, scene.language), digits(random, 3)
        scene.customer(scene.phrase("wants to pay"))
        scene.agent(scene.phrase("keyed").format(last=digits(random, 4)))
        scene.customer(scene.phrase("keyed done"))
        _security_code(scene, cvv, one, one)
        scene.agent(scene.phrase("paid"))
        if not _resembles(scene, "", cvv):
            return finished(scene, family, cvv=cvv)


def _resembles(scene: Scene, card: str, cvv: str) -> bool:
    """Whether what is left after masking would hold digits of the card or its code by chance."""
    rest = card[-4:] + "".join(number.digits for number in numbers_in(beside_secrets(scene)))
    return bool(digits_of_card(rest, card)) or bool(cvv and (cvv in rest or cvv in card))


def digits_of_card(said: str, card: str) -> str:
    """The first digits in a row of a card number that stand in `said`; "" when none do."""
    windows = (card[n : n + SECRET_DIGITS] for n in range(len(card) - SECRET_DIGITS + 1))
    return next((window for window in windows if window in said), "")


_MAKERS: dict[str, Callable[..., Item]] = {
    **{one: partial(_card_call, reaction=one) for one in REACTIONS},
    **{one: partial(_card_call, correction=one) for one in CORRECTIONS},
    "mono": partial(_card_call, layout="mono"),
    "mono in one turn": partial(_card_call, layout="one turn"),
    "mono corrected": partial(_card_call, correction="corrected", layout="mono"),
    "with its security code": partial(_card_call, code=1.0),
    "security code alone": _code_alone,
}
# What a call of each family holds besides a card number or its security code.
CARDS: dict[str, Family] = {name: partial(maker, family=name) for name, maker in _MAKERS.items()}
