"""Cleans text from outside: without what databases, encoders and terminals cannot take."""

import re

# NUL, which PostgreSQL refuses in a text, and all other control characters but tab and line ends.
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
# Halves of UTF-16 pairs: JSON can spell them (`\ud800`), and nothing can encode them.
_SURROGATES = re.compile(r"[\ud800-\udfff]")
_BYTE_ORDER_MARK = "\ufeff"


def cleaned(text: str, longest: int | None = None) -> str:
    """The text without control characters; halves of characters are put together or become `\ufffd`.

    Args:
        text: From outside.
        longest: Characters that stay, an ellipsis included; None for all.
    """
    if _SURROGATES.search(text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    text = _CONTROLS.sub("", text)
    return text if longest is None or len(text) <= longest else text[: max(0, longest - 1)] + "…"


def one_line(text: str, longest: int) -> str:
    """Cleaned, for a message: every run of white space is one blank."""
    return cleaned(" ".join(cleaned(text).split()), longest)


def decoded(body: bytes) -> str:
    """Text of a body in the encoding of JSON (UTF-8, or another that its first bytes tell); never raises."""
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return body.decode("utf-16", "replace")
    return body.decode("utf-8", "replace").removeprefix(_BYTE_ORDER_MARK)
