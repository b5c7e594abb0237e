"""Names and terms that may be said in calls: hints for speech recognition (hotwords).

A recogniser writes names that it has never met as words that sound alike. With a list of them it recognises
them more often.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from include.errors import InvalidInput

LONGEST_CHARS = 60
# Hints for one call at the most: more than any recogniser takes.
MOST_TERMS = 200
# Columns of a manifest that may hold hints, the most specific first.
COLUMNS = ("vocabulary", "product", "agent", "queue")
# Codes, logins and numbers are nothing that people say.
_NAME = re.compile(r"[^\W\d_]+(?:[ .'’-]{1,2}[^\W\d_]+)*\.?")
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True)
class Terms:
    """The hints that a site gives to speech recognition.

    Attributes:
        of_site: Hints for every call.
        columns: Which of `COLUMNS` give hints for their call.
    """

    of_site: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()

    def of_call(self, manifest: Mapping[str, Any]) -> list[str]:
        """The hints for a call: its own terms before those of every call, each once.

        Args:
            manifest: The call's metadata, by column.
        """
        own = (term for column in COLUMNS if column in self.columns for term in _terms_in(column, manifest))
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
    """Reads which columns of manifests give hints.

    Raises:
        InvalidInput: One is none of `COLUMNS`; the message names it.
    """
    columns = _listed(text)
    unknown = sorted(set(columns) - set(COLUMNS))
    if unknown:
        raise InvalidInput(
            f"{where}: {', '.join(unknown)} gives no terms: choose from {', '.join(COLUMNS)}, or none."
        )
    return columns


def _listed(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, (" ".join(item.split()) for item in text.split(",")))))


def _terms_in(column: str, manifest: Mapping[str, Any]) -> Iterator[str]:
    value = manifest.get(column) or ()
    if column == "vocabulary":
        yield from value
    elif value and (is_term(value) if column == "product" else _is_name(value)):
        yield value


def _is_name(text: str) -> bool:
    return len(text) <= LONGEST_CHARS and bool(_NAME.fullmatch(text))
