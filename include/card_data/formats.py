"""What a number is by its own form: issuer range, length and check digits."""

import re
from datetime import UTC, datetime

# Issuer ranges and lengths of the large schemes (ISO/IEC 7812 IINs as the schemes publish them).
_CARD = re.compile(
    r"4(\d{12}|\d{15}|\d{18})"  # Visa
    r"|5[1-5]\d{14}|2(22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}"  # Mastercard
    r"|3[47]\d{13}"  # American Express
    r"|3(0[0-5]|6\d|8\d|9\d)\d{11}"  # Diners Club
    r"|35(2[89]|[3-8]\d)\d{12}"  # JCB
    r"|6(011|4[4-9]\d|5\d\d|2\d\d|0\d\d)\d{12}(\d{3})?"  # Discover, UnionPay, RuPay
    r"|(50(18|20|38)|58(68|93)|6304|6390|67(0[69]|59|6[1-3]|71))\d{12}(\d{3})?"  # Maestro
)
CARD_LENGTHS = (19, 16, 15, 14, 13)
# Only after these is more looked for: sixteen digits are no number of thirteen with a code behind it.
_LENGTHS_READ_ON = (16, 15)
# Only digits after the country's letters, by length (ISO 13616 registry): of these a valid one is recognised
# without hearing its letters.
_IBAN_OF_DIGITS = {22: ("ES",), 20: ("DE",), 23: ("PT",), 26: ("PL",)}
_EXPIRY_YEARS = 25


def luhn_valid(digits: str) -> bool:
    """Luhn's check (ISO/IEC 7812-1, annex B)."""
    doubled = (int(d) * (1 + n % 2) for n, d in enumerate(reversed(digits)))
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def has_issuer(digits: str) -> bool:
    """Whether a scheme issues numbers of this beginning and length."""
    return _CARD.fullmatch(digits) is not None


def is_card_number(digits: str) -> bool:
    """Whether issuer, length and check digit are those of a payment card."""
    return has_issuer(digits) and luhn_valid(digits)


def card_at_start(digits: str) -> str:
    """The card number that these digits are, or begin with when an expiry date or a code follows; else ""."""
    if is_card_number(digits):
        return digits
    for length in _LENGTHS_READ_ON:
        if is_card_number(digits[:length]) and _follows_a_card(digits[length:]):
            return digits[:length]
    return ""


def other_format(digits: str) -> str | None:
    """What a number is when its check digits say that it is no card; None when nothing says so."""
    if any(_iban_valid(country, digits) for country in _IBAN_OF_DIGITS.get(len(digits), ())):
        return "an IBAN"
    if len(digits) == 20 and ccc_valid(digits):
        return "a Spanish account number"
    if len(digits) in (19, 20) and digits.startswith("89"):
        return "the number of a SIM card"  # ITU-T E.118: 89 is telecommunications
    return None


def iban_valid(iban: str) -> bool:
    """ISO 13616's check (mod 97) of an IBAN without spaces."""
    moved = iban[4:] + iban[:4]
    return iban.isalnum() and int("".join(str(int(char, 36)) for char in moved)) % 97 == 1


def ccc_valid(digits: str) -> bool:
    """The two control digits of a Spanish account number of 20 digits (Código Cuenta Cliente)."""
    return digits[8:10] == _control("00" + digits[:8]) + _control(digits[10:])


def _control(ten: str) -> str:
    weights = (1, 2, 4, 8, 5, 10, 9, 7, 3, 6)
    rest = 11 - sum(int(digit) * weight for digit, weight in zip(ten, weights, strict=True)) % 11
    return str({10: 1, 11: 0}.get(rest, rest))


def _iban_valid(country: str, digits: str) -> bool:
    return iban_valid(country + digits)


def _follows_a_card(tail: str) -> bool:
    """An expiry date (MMYY, MMYYYY), a security code, or both."""
    return (
        any(is_expiry(tail[:length]) and len(tail) - length in (0, 3, 4) for length in (4, 6))
        or len(tail) == 3
    )


def is_expiry(digits: str) -> bool:
    """Whether digits are a month and a year (MMYY, MMYYYY), or a year alone (YYYY) that a card may end in."""
    if len(digits) not in (4, 6):
        return False
    year = datetime.now(UTC).year
    ends = int(digits[2:]) if len(digits) == 6 else 2000 + int(digits[2:])
    years = range(year - _EXPIRY_YEARS // 5, year + _EXPIRY_YEARS + 1)
    return (1 <= int(digits[:2]) <= 12 and ends in years) or (len(digits) == 4 and int(digits) in years)
