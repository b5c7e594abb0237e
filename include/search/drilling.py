"""The calls behind a figure of trends, as the address of a search that finds exactly these.

A page of trends has thousands of such addresses: they are put together from parts that are kept.
"""

from datetime import date
from functools import lru_cache
from urllib.parse import urlencode

from include.trends.reading import Chosen

_KEPT = 4096


def calls_behind(chosen: Chosen, first: date, last: date, **asked: str) -> str:
    """The fields of the search for the calls that a figure counts, as they are judged now.

    Args:
        chosen: The group, and the scorecard that it is counted under.
        first: Day.
        last: Day, which is among them.
        asked: What else the figure counts them for: fields of the search, such as `met` with `criterion`.
    """
    which = _group(chosen, first, last)
    return which + "&" + address_of(**asked) if asked else which


@lru_cache(_KEPT)
def _group(chosen: Chosen, first: date, last: date) -> str:
    which = address_of(scorecard=chosen.scorecard_id, first_day=str(first), last_day=str(last))
    if chosen.name is None:
        return which
    return which + "&" + address_of(**{chosen.dimension.value: chosen.name}, exact="true")


def address_of(**fields: str) -> str:
    """Fields as an address carries them."""
    return "&".join(_encoded(name, value) for name, value in fields.items())


@lru_cache(_KEPT)
def _encoded(name: str, value: str) -> str:
    return urlencode([(name, value)])
