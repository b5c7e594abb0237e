"""Numbers that are valid by their own standard: cards, bank accounts, SIMs, phones of several countries."""

from random import Random

# Length and first digits of each scheme's numbers, as the schemes publish them.
CARD_SCHEMES: dict[str, tuple[tuple[str, ...], int]] = {
    "visa": (("4",), 16),
    "visa 13": (("4",), 13),
    "visa 19": (("4",), 19),
    "mastercard": (("51", "52", "53", "54", "55"), 16),
    "mastercard 2": (("2221", "2223", "2300", "2455", "2512", "2699", "2710", "2720"), 16),
    "amex": (("34", "37"), 15),
    "discover": (("6011", "644", "649", "65"), 16),
    "diners": (("300", "305", "36", "38"), 14),
    "maestro": (("6304", "6759", "6761", "6763"), 16),
}
# What the schemes and gateways publish for trials.
TRIAL_CARDS = (
    "4111111111111111",
    "4242424242424242",
    "4012888888881881",
    "5105105105105100",
    "5555555555554444",
    "2223003122003222",
    "378282246310005",
    "371449635398431",
    "6011111111111117",
    "30569309025904",
)
CARD_GROUPS: dict[int, tuple[tuple[int, ...], ...]] = {
    13: ((4, 3, 3, 3), (4, 4, 5)),
    14: ((4, 6, 4), (4, 4, 4, 2)),
    15: ((4, 6, 5), (5, 5, 5), (4, 4, 4, 3)),
    16: ((4, 4, 4, 4), (4, 4, 4, 4), (4, 4, 4, 4), (8, 8), (4, 4, 8), (2,) * 8, (6, 4, 6), (3, 3, 4, 3, 3)),
    19: ((4, 4, 4, 4, 3), (6, 6, 7)),
}
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def digits(random: Random, count: int) -> str:
    """That many random digits."""
    return "".join(random.choice("0123456789") for _ in range(count))


def with_luhn(body: str) -> str:
    """Puts Luhn's check digit behind (ISO/IEC 7812-1, annex B)."""
    total = 0
    for n, char in enumerate(reversed(body)):
        value = int(char) * (2 if n % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return body + str(-total % 10)


def card_number(random: Random) -> str:
    """A card number of any scheme; one in ten is a published trial number."""
    if random.random() < 0.1:
        return random.choice(TRIAL_CARDS)
    prefixes, length = CARD_SCHEMES[random.choice(list(CARD_SCHEMES))]
    prefix = random.choice(prefixes)
    return with_luhn(prefix + digits(random, length - 1 - len(prefix)))


def spanish_account(random: Random) -> str:
    """A CCC: bank and branch, two control digits, account."""
    bank, account = digits(random, 8), digits(random, 10)
    return bank + spanish_control(bank, account) + account


def spanish_control(bank: str, account: str) -> str:
    """The two control digits of a CCC, by the weights of the Spanish banks' own standard."""

    def of(ten: str) -> str:
        weights = (1, 2, 4, 8, 5, 10, 9, 7, 3, 6)
        rest = 11 - sum(w * int(d) for w, d in zip(weights, ten, strict=True)) % 11
        return str({10: 1, 11: 0}.get(rest, rest))

    return of(f"00{bank}") + of(account)


def iban(random: Random, country: str) -> str:
    """A valid IBAN of ES, DE, FR, GB or IT (ISO 13616): without spaces."""
    letters = "".join(random.choice(_LETTERS) for _ in range(4))
    bodies = {
        "ES": lambda: spanish_account(random),
        "DE": lambda: digits(random, 18),
        "FR": lambda: _french_account(random),
        "GB": lambda: letters + digits(random, 14),
        "IT": lambda: letters[0] + digits(random, 22),
    }
    body = bodies[country]()
    return f"{country}{iban_check(country, body)}{body}"


def iban_check(country: str, body: str) -> str:
    """An IBAN's check digits (ISO 7064, MOD 97-10)."""
    number = "".join(str(int(char, 36)) for char in f"{body}{country}00")
    return f"{98 - int(number) % 97:02d}"


def _french_account(random: Random) -> str:
    """Bank, branch, account (one in three with a letter) and the key of the French banks' own standard."""
    bank, account = digits(random, 10), digits(random, 11)
    if random.random() < 0.33:
        at = random.randrange(11)
        account = account[:at] + random.choice(_LETTERS) + account[at + 1 :]
    return bank + account + french_key(bank, account)


def french_key(bank: str, account: str) -> str:
    """The key of the French banks' own standard: A, J are 1, B, K, S are 2, and so on."""
    values = dict(zip(_LETTERS, "12345678912345678923456789", strict=True))
    figures = "".join(values.get(char, char) for char in bank + account)
    return f"{97 - int(figures) * 100 % 97:02d}"


def iccid(random: Random) -> str:
    """A SIM's number (ITU-T E.118): 89, country, issuer; 19 digits with Luhn's, or 20 with a filler digit."""
    body = "89" + random.choice(("34", "44", "1", "49", "52", "33")) + random.choice(("01", "07", "20", "56"))
    number = with_luhn(body + digits(random, 18 - len(body)))
    return number + random.choice(("", "", str(random.randrange(10))))


def imei(random: Random) -> str:
    """A phone's serial number: 15 digits with Luhn's."""
    return with_luhn(random.choice(("35", "86", "01", "99")) + digits(random, 12))


def phone(random: Random) -> list[str]:
    """A phone number of ES, US, GB, DE, MX or FR in the groups that it is read in, country code or not."""
    n = lambda count: digits(random, count)  # noqa: E731
    c = random.choice
    country, groups = c(
        (
            ("34", [c("6789") + n(2), n(3), n(3)]),
            ("34", [c("69") + n(2), n(2), n(2), n(2)]),
            ("1", [c("2345679") + n(2), c("23456789") + n(2), n(4)]),
            ("44", ["07" + n(3), n(3), n(3)]),
            ("44", ["020", c("378") + n(3), n(4)]),
            ("49", ["01" + c("567") + n(1), n(3), n(4)]),
            ("49", ["030", n(4), n(4)]),
            ("52", ["55", n(4), n(4)]),
            ("52", [c("3468") + n(2), n(3), n(4)]),
            ("33", ["0" + c("123467"), n(2), n(2), n(2), n(2)]),
        )
    )
    if random.random() < 0.4:
        trunk = groups[0].removeprefix("0") if country in ("44", "49", "33") else groups[0]
        return [c(("+", "00")) + country, trunk, *groups[1:]]
    return groups
