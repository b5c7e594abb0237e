"""Calls with other numbers than a payment card's, made by rule: accounts, SIMs, phones, codes."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from random import Random

from include.plain_yaml import read_yaml
from tests.corpora.dialogue import Family, Item, Scene, finished
from tests.corpora.identifiers import digits, iban, iccid, imei, phone, spanish_account
from tests.corpora.reading import STYLES, Reader, alphanumeric, in_groups, letters, reader

PHRASES = read_yaml(Path("tests/corpora/other_numbers.yaml").read_text())
COUNTRIES = ("ES", "DE", "FR", "GB", "IT")
_GROUPINGS = ((4,), (4,), (2,), (3,), (5,), (4, 4, 2), (3, 4, 4), (30,))
Said = Callable[[Reader, str], str]


def _plainly(one: Reader, group: str) -> str:
    return one.group(group)


def _dictate(scene: Scene, groups: Sequence[str], opening: str, say: Said = _plainly) -> None:
    """The customer reads groups in one turn, or one by one while the agent reacts."""
    random = scene.random
    one = reader(random, scene.language, STYLES if max(map(len, groups)) < 9 else STYLES[:6])
    if scene.perhaps(0.5):
        if scene.perhaps(0.15):
            groups = ["".join(groups)]
        scene.customer(f"{opening} {one.groups(groups, random.choice((0, 0, 0.2)), say)}.".strip())
        scene.agent(scene.phrase("murmur"))
        return
    reaction = random.choice(("silence", "murmur", "acknowledgement", "echo"))
    for group in groups:
        said = say(one, group)
        scene.customer(f"{opening} {said}.".strip())
        if reaction == "echo":
            scene.agent(f"{said}, {scene.phrase('murmur').lower()}")
        elif reaction != "silence":
            scene.agent(scene.phrase(reaction))
        opening = ""
    if scene.perhaps(0.2):
        scene.agent(scene.phrase("read back").format(one.groups(groups, say=say)))


def _talk(scene: Scene, payment: float) -> None:
    """What the call is about."""
    scene.customer(scene.phrase("payment talk" if scene.perhaps(payment) else "plain talk"))
    if scene.perhaps(payment):
        scene.agent(scene.phrase("agent's payment talk"))


def _asked_or_told(scene: Scene, kind: str) -> str:
    """The agent asks for a number, or the customer names it; returns how the customer begins."""
    if scene.perhaps(0.7):
        scene.agent(scene.phrase(f"{kind} asked"))
        return scene.phrase("lead in")
    return scene.phrase(f"{kind} told")


def _iban(scene: Scene, country: str) -> None:
    random = scene.random
    number = iban(random, country)
    kind = "iban" if scene.perhaps(0.75) else "account"
    opening = _asked_or_told(scene, kind)
    # Whoever was asked for an IBAN often leaves the country's letters out.
    if kind == "iban" and scene.perhaps(0.25):
        _dictate(scene, in_groups(number[2:], random.choice(((2, 4), (4,), (2,)))), opening, alphanumeric)
        return
    spelled = letters(random, country, scene.language)
    heard = {"ES": ("ese", "es", "E S")}.get(country, (country.lower(),))
    first = random.choice((spelled, spelled, spelled, *heard))
    groups = in_groups(number[2:], random.choice(((2, 4), (2, 4), (2, 4), (2,), (2, 20))))
    _dictate(scene, groups, f"{opening} {first}".strip(), alphanumeric)


def _account(scene: Scene) -> None:
    sizes = scene.random.choice(((4, 4, 2, 10), (4,), (4, 4, 2, 4, 6), (2,), (20,)))
    opening = _asked_or_told(scene, "account")
    _dictate(scene, in_groups(spanish_account(scene.random), sizes), opening)


def _sim(scene: Scene) -> None:
    opening = _asked_or_told(scene, "sim")
    _dictate(scene, in_groups(iccid(scene.random), scene.random.choice(_GROUPINGS)), opening)


def _phone(scene: Scene) -> None:
    opening = _asked_or_told(scene, "phone")
    _dictate(scene, phone(scene.random), opening, _with_plus)


def _two_phones(scene: Scene) -> None:
    opening = _asked_or_told(scene, "phone")
    one = reader(scene.random, scene.language)
    first, second = (one.groups(phone(scene.random), say=_with_plus) for _ in range(2))
    between = scene.phrase("second phone")
    if scene.perhaps(0.5):
        scene.customer(f"{opening} {first}{scene.random.choice((', ', ' '))}{between} {second}.".strip())
    else:
        scene.customer(f"{opening} {first}.".strip())
        scene.agent(scene.random.choice(("", scene.phrase("murmur"))))
        scene.customer(f"{between} {second}.")


def _with_plus(one: Reader, group: str) -> str:
    return f"+{one.group(group[1:])}" if group.startswith("+") else one.group(group)


def _imei(scene: Scene) -> None:
    opening = _asked_or_told(scene, "imei")
    _dictate(scene, in_groups(imei(scene.random), scene.random.choice(_GROUPINGS)), opening)


def _reference(scene: Scene) -> None:
    """A reference of 8 to 20 random digits; the agent asks for it or gives it, or the customer names it."""
    random, thing = scene.random, scene.phrase("things")
    groups = in_groups(digits(random, random.randrange(8, 21)), random.choice(_GROUPINGS))
    way = random.choice(("asked", "told", "given"))
    said = scene.phrase(f"thing {way}").format(thing)
    if way == "given":
        scene.agent(f"{said} {reader(random, scene.language, STYLES[:6]).groups(groups)}.")
        scene.customer(scene.phrase("murmur"))
    elif way == "asked":
        scene.agent(said)
        _dictate(scene, groups, scene.phrase("lead in"))
    else:
        _dictate(scene, groups, said)


def _other_card(scene: Scene) -> None:
    """The number of a card that nobody pays with."""
    random, thing = scene.random, scene.phrase("card things")
    groups = in_groups(digits(random, random.randrange(8, 14)), random.choice(_GROUPINGS))
    if scene.perhaps(0.7):
        scene.agent(scene.phrase("thing asked").format(thing))
        _dictate(scene, groups, scene.phrase("lead in"))
    else:
        _dictate(scene, groups, scene.phrase("thing told").format(thing))


def _reference_and_phone(scene: Scene) -> None:
    """A reference of 8 to 12 digits and a phone number in one turn."""
    random, one = scene.random, reader(scene.random, scene.language, STYLES[:6])
    groups = in_groups(digits(random, random.randrange(8, 13)), (4,))
    told = scene.phrase("thing told").format(scene.phrase("things"))
    said, number = one.groups(groups), one.groups(phone(random), say=_with_plus)
    scene.customer(f"{told} {said}{random.choice((', ', ' '))}{scene.phrase('and phone')} {number}.")
    scene.agent(scene.phrase("murmur"))


def _code(scene: Scene) -> None:
    """A code or PIN of 3 to 8 digits that is no card's."""
    random = scene.random
    said = reader(random, scene.language).group(digits(random, random.choice((3, 4, 4, 4, 5, 6, 6, 8))))
    name = scene.phrase("codes")
    if scene.perhaps(0.7):
        scene.agent(scene.phrase("code asked").format(name))
        scene.customer(f"{scene.phrase('lead in')} {said}.".strip())
    else:
        scene.customer(f"{scene.phrase('code told').format(name)} {said}.")


def _security_code(scene: Scene) -> None:
    """Called a security code, by somebody who sells no card."""
    scene.agent(scene.phrase("security asked"))
    said = reader(scene.random, scene.language).group(digits(scene.random, scene.random.choice((3, 4, 4))))
    scene.customer(f"{scene.phrase('lead in')} {said}.".strip())


def _warning(scene: Scene) -> None:
    scene.agent(scene.phrase("warning"))
    if scene.perhaps(0.5):
        scene.customer(scene.phrase("murmur"))
    small = reader(scene.random, scene.language).group(digits(scene.random, scene.random.choice((3, 3, 4))))
    scene.agent(scene.phrase("small told").format(small))


def _keyed(scene: Scene) -> None:
    """A payment by card without its number being read, then another number."""
    scene.agent(scene.phrase("keyed").format(last=digits(scene.random, 4)))
    scene.customer(scene.phrase("keyed done"))
    other = scene.random.choice(
        (_reference, _reference, _phone, _account, _sim, _code, partial(_iban, country="ES"))
    )
    other(scene)


def _call(random: Random, family: str, number: Callable[[Scene], None], payment: float) -> Item:
    scene = Scene(random, random.choice(("en", "es")), PHRASES)
    _talk(scene, payment)
    number(scene)
    scene.agent(scene.phrase("closing"))
    return finished(scene, family, layout="mono" if scene.perhaps(0.2) else "stereo")


_NUMBERS: dict[str, tuple[Callable[[Scene], None], float]] = {
    **{f"IBAN {country}": (partial(_iban, country=country), 0.7) for country in COUNTRIES},
    "Spanish account": (_account, 0.7),
    "SIM": (_sim, 0.2),
    "phone": (_phone, 0.2),
    "two phones": (_two_phones, 0.2),
    "reference": (_reference, 0.2),
    "reference and phone": (_reference_and_phone, 0.2),
    "card that nobody pays with": (_other_card, 0.2),
    "IMEI": (_imei, 0.1),
    "code": (_code, 0.1),
    "security code of no card": (_security_code, 0.0),
    "warning": (_warning, 0.2),
    "card keyed in, another number said": (_keyed, 0.3),
}
OTHER_NUMBERS: dict[str, Family] = {
    name: partial(_call, family=name, number=number, payment=payment)
    for name, (number, payment) in _NUMBERS.items()
}
