import pytest

from include.errors import InvalidInput
from include.llm.usage import Usage, cost_usd, load_prices


def test_cost_counts_cached_tokens_at_their_own_price(tmp_path):
    file = tmp_path / "prices.yaml"
    file.write_text("m: {prompt: 2, cached: 0.5, completion: 8}")
    prices = load_prices(file)
    usage = Usage(600_000, 50_000, 200_000) + Usage(400_000, 50_000, 200_000)
    assert cost_usd("m", usage, prices) == pytest.approx(0.6 * 2 + 0.4 * 0.5 + 0.1 * 8)
    assert cost_usd("m-2026-01-31", usage, prices) == cost_usd("m", usage, prices)


def test_an_unknown_model_has_no_cost_and_the_embedded_one_is_free():
    prices = load_prices()
    assert cost_usd("who-knows", Usage(1, 1), prices) is None
    assert cost_usd("cofi-rules-1", Usage(1000, 1000), prices) == 0


def test_a_wrong_prices_file_is_named(tmp_path):
    file = tmp_path / "prices.yaml"
    file.write_text("m: {prompt: cheap}")
    with pytest.raises(InvalidInput, match=r"prices\.yaml"):
        load_prices(file)
