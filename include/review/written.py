"""What people write into reviews, as it is kept."""

from include.card_data.masking import masked_text

_LONGEST_TEXT = 2_000


def kept_text(text: str) -> str:
    """What somebody wrote: without card data, and no longer than it may be."""
    return masked_text(text.strip()[: 2 * _LONGEST_TEXT])[:_LONGEST_TEXT]
