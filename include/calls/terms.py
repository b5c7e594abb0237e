"""Names and terms that may be said in calls, as recognition is told them.

A recogniser writes names that it has never met as words that sound alike. Told beforehand, it is readier to
hear them.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from include.errors import InvalidInput

LONGEST_CHARS = 60
# What may be told of a call: more than any recogniser takes.
MOST_TERMS = 200
# What of a manifest may be told, the most particular first.
COLUMNS = ("vocabulary", "product", "agent", "queue")
# Codes, logins and numbers are nothing that people say.
_NAME = re.compile(r"[^\W\d_]+(?:[ .'’-]{1,2}[^\W\d_]+)*\.?")
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True)
class Terms:
    """What a site has recognition told.

    Attributes:
        of_site: Of every call.
        columns: Those of `COLUMNS` that are told of a call.
    """

    of_site: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()

    def of_call(self, manifest: Mapping[str, Any]) -> list[str]:
        """What is told of a call: its own terms before those of every call, each once.

        Args:
            manifest: What is known of the call, by column.
        """
        own = (term for column in COLUMNS if column in self.columns for term in _told(column, manifest))
        return list(dict.fromkeys([*own, *self.of_site]))[:MOST_TERMS]


def is_term(text: str) -> bool:
    """Whether a text is a term: it holds a letter, and is no sentence."""
    return len(text) <= LONGEST_CHARS and bool(_LETTER.search(text))


def read_terms(text: str, where: str) -> tuple[str, ...]:
    """Reads terms between commas, each once.

    Args:
        text: As somebody wrote them.
        where: What errors call the place.

    Raises:
        InvalidInput: One is no term, or there are more than `MOST_TERMS`; the message names it.
    """
    terms = _listed(text)
    for term in terms:
        if not is_term(term):
            raise InvalidInput(
                f"{where}: '{term[: 2 * LONGEST_CHARS]}' is no name or term: write some with letters, each "
                f"of at most {LONGEST_CHARS} characters, between commas."
            )
    if len(terms) > MOST_TERMS:
        raise InvalidInput(
            f"{where} has {len(terms)} terms, from '{terms[MOST_TERMS]}' on too many: name at most "
            f"{MOST_TERMS}, the most important ones first."
        )
    return terms


def read_columns(text: str, where: str) -> tuple[str, ...]:
    """Reads which columns of manifests are told.

    Raises:
        InvalidInput: One is none of `COLUMNS`; the message names it.
    """
    columns = _listed(text)
    unknown = sorted(set(columns) - set(COLUMNS))
    if unknown:
        raise InvalidInput(
            f"{where}: {', '.join(unknown)} cannot be told: choose of {', '.join(COLUMNS)}, or none."
        )
    return columns


def _listed(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, (" ".join(item.split()) for item in text.split(",")))))


def _told(column: str, manifest: Mapping[str, Any]) -> Iterator[str]:
    told = manifest.get(column) or ()
    if column == "vocabulary":
        yield from told
    elif told and (is_term(told) if column == "product" else _is_name(told)):
        yield told


def _is_name(text: str) -> bool:
    return len(text) <= LONGEST_CHARS and bool(_NAME.fullmatch(text))
