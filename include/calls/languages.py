"""The setting `languages`: which may be spoken."""

from include.errors import InvalidInput

# What Whisper tells apart, which identifies languages on GPU hosts: ISO 639-1, but haw and yue, which have no
# code there, and Javanese, which it calls jw.
_CODES = """
af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he hi hr
ht hu hy id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc
pa pl ps pt ro ru sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo yue
zh
"""
KNOWN = frozenset(_CODES.split())


def read_languages(text: str) -> list[str]:
    """Reads `en, es`, in capitals too; empty for any language.

    Raises:
        InvalidInput: One is no such code: GPU hosts would refuse every call.
    """
    codes = [item.strip().lower() for item in text.split(",") if item.strip()]
    for code in codes:
        if code not in KNOWN:
            raise InvalidInput(
                f"[cofi] languages = {text}: there is no language {code}; write codes of ISO 639-1, like "
                "en, es."
            )
    return codes
