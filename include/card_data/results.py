"""Results of a GPU host without card data: the host masks them before it stores or sends, and cofi again."""

from include.card_data.keys import masked_keys
from include.card_data.masking import masked_turns
from include.gpu.wire import IvrResult, StageResult, SttResult

# Part of the key of what a host stores: raise it when card data is found in another way.
CARD_DATA_RULES = 3


def without_card_data(result: StageResult) -> StageResult:
    """The result with masks instead of card data that was said or keyed; any other comes back as it is."""
    if isinstance(result, SttResult):
        return result.model_copy(update={"turns": masked_turns(result.turns)})
    if isinstance(result, IvrResult):
        return result.model_copy(update={"segments": masked_keys(result.segments)})
    return result
