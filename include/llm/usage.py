"""Tokens, and what they cost."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from include.errors import InvalidInput

PRICES_FILE = Path(__file__).parent / "prices.yaml"
# Providers answer with a dated snapshot of the model that was asked for.
_SNAPSHOT = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{8})$")


@dataclass(frozen=True)
class Usage:
    """Tokens of one or more requests; `cached_tokens` are part of `prompt_tokens`."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.cached_tokens + other.cached_tokens,
        )


class Price(BaseModel):
    """USD per million tokens; `cached` is the price of a prompt token that the provider had cached."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prompt: float = Field(ge=0)
    cached: float = Field(ge=0)
    completion: float = Field(ge=0)


Prices = Mapping[str, Price]


def load_prices(path: Path = PRICES_FILE) -> Prices:
    """Reads a prices file: model name to `Price`.

    Raises:
        InvalidInput: The file cannot be read or is wrong.
    """
    try:
        return TypeAdapter(dict[str, Price]).validate_python(yaml.safe_load(path.read_text("utf-8")))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise InvalidInput(f"prices file {path}: {error}") from error


def is_model(answered: str, asked: str) -> bool:
    """Whether a model, as the API names it, is the one that was asked for, or a dated snapshot of it."""
    return asked in (answered, _SNAPSHOT.sub("", answered))


def cost_usd(model: str, usage: Usage, prices: Prices, *, asked: str = "") -> float | None:
    """What these tokens cost: the one rule of prices.

    Args:
        model: That answered, as the API names it.
        usage: What it took.
        prices: By model.
        asked: The model that was asked for: its price holds where the API names one that has none.

    Returns:
        USD; None when no price is known, which is not the same as free.
    """
    names = (model, _SNAPSHOT.sub("", model), asked)
    price = next((prices[name] for name in names if name in prices), None)
    if price is None:
        return None
    fresh = usage.prompt_tokens - usage.cached_tokens
    per_million = (
        fresh * price.prompt + usage.cached_tokens * price.cached + usage.completion_tokens * price.completion
    )
    return round(per_million / 1_000_000, 8)
