"""Tokens, and what they cost."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from include.errors import InvalidInput
from include.plain_yaml import read_yaml

PRICES_FILE = Path(__file__).parent / "prices.yaml"
# Providers answer with a dated snapshot of the model that was asked for.
_SNAPSHOT = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{8})$")


# No request takes more; what says so is no count of tokens.
_MOST_TOKENS = 1_000_000_000


@dataclass(frozen=True)
class Usage:
    """Tokens of one or more requests.

    Attributes:
        prompt_tokens: All of the prompt, however they are paid for.
        completion_tokens: All that the model wrote, thinking included.
        cached_tokens: Part of the prompt that the provider had in its cache.
        written_tokens: Part of the prompt that it has put into its cache for a price of its own.
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    written_tokens: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.cached_tokens + other.cached_tokens,
            self.written_tokens + other.written_tokens,
        )


def usage_of(prompt: object, completion: object, cached: object = 0, written: object = 0) -> Usage | None:
    """Tokens as an API tells them; None when it tells none, or what cannot be."""
    counts = [_count(each) for each in (prompt, completion, cached, written)]
    if any(count is None for count in counts):
        return None
    asked, answered, hits, writes = (count or 0 for count in counts)
    hits = min(hits, asked)
    return Usage(asked, answered, hits, min(writes, asked - hits)) if asked + answered else None


def _count(said: object) -> int | None:
    """A count of tokens; absent ones are 0, impossible ones None."""
    if said is None:
        return 0
    if isinstance(said, bool) or not isinstance(said, int | float) or not 0 <= said <= _MOST_TOKENS:
        return None
    return int(said)


class Price(BaseModel):
    """USD per million tokens.

    Attributes:
        cached: Of a prompt token that the provider had cached.
        written: Of one that it puts into its cache; None where that costs nothing extra.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    prompt: float = Field(ge=0)
    cached: float = Field(ge=0)
    completion: float = Field(ge=0)
    written: float | None = Field(default=None, ge=0)


Prices = Mapping[str, Price]


def load_prices(path: Path = PRICES_FILE) -> Prices:
    """Reads a prices file: model name to `Price`.

    Raises:
        InvalidInput: The file cannot be read or is wrong.
    """
    try:
        return TypeAdapter(dict[str, Price]).validate_python(read_yaml(path.read_text("utf-8")))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise InvalidInput(f"prices file {path}: {error}") from error


def is_model(answered: str, asked: str) -> bool:
    """Whether a model, as the API names it, is the one that was asked for, or a dated snapshot of it."""
    return asked in (answered, _SNAPSHOT.sub("", answered))


def price_of(model: str, prices: Prices, *, asked: str = "") -> Price | None:
    """The price of a model; None when none is known.

    Args:
        model: That answered, as the API names it.
        prices: By model.
        asked: The model that was asked for: its price holds where the API names one that has none.
    """
    names = (model, _SNAPSHOT.sub("", model), asked, _SNAPSHOT.sub("", asked))
    return next((prices[name] for name in names if name in prices), None)


def cost_usd(model: str, usage: Usage, prices: Prices, *, asked: str = "") -> float | None:
    """What these tokens cost: the one rule of prices. Arguments as of `price_of`.

    Returns:
        USD; None when no price is known, or tokens were not counted, which is not the same as free.
    """
    price = price_of(model, prices, asked=asked)
    if price is None or not usage.prompt_tokens + usage.completion_tokens:
        return None
    fresh = usage.prompt_tokens - usage.cached_tokens - usage.written_tokens
    written = price.prompt if price.written is None else price.written
    per_million = (
        fresh * price.prompt
        + usage.cached_tokens * price.cached
        + usage.written_tokens * written
        + usage.completion_tokens * price.completion
    )
    return round(per_million / 1_000_000, 8)
