import pytest

from include.errors import InvalidInput
from include.llm.usage import Price, Usage, cost_usd, load_prices, price_of


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


def test_tokens_written_into_a_cache_have_their_own_price_where_there_is_one():
    prices = {
        "dear": Price(prompt=2, cached=0.2, written=2.5, completion=10),
        "plain": Price(prompt=2, cached=0.2, completion=10),
    }
    usage = Usage(1_000_000, 0, 300_000, 500_000)
    assert cost_usd("dear", usage, prices) == pytest.approx(0.2 * 2 + 0.3 * 0.2 + 0.5 * 2.5)
    assert cost_usd("plain", usage, prices) == pytest.approx(0.7 * 2 + 0.3 * 0.2)


def test_what_nobody_told_the_tokens_of_is_not_free():
    prices = load_prices()
    assert cost_usd("gpt-6.1-sol", Usage(), prices) is None
    assert price_of("gpt-6.1-sol", prices) is not None


@pytest.mark.parametrize(
    ("said", "model"),
    [
        ("gpt-6.1-sol-2026-09-29", "gpt-6.1-sol"),
        ("gpt-4o-2024-08-06", "gpt-4o"),
        ("claude-haiku-4-5-20251001", "claude-haiku-4-5"),
        ("gemini-3.8-flash", "gemini-3.8-flash"),
        ("mistral-small-2603", "mistral-small-2603"),
    ],
)
def test_models_are_found_as_apis_name_them(said, model):
    prices = load_prices()
    assert price_of(said, prices) == prices[model]


@pytest.mark.parametrize("model", ["qwen3:8b", "anthropic/claude-sonnet-5-5", "/models/x.gguf", "", "gpt-9"])
def test_others_are_unknown(model):
    assert price_of(model, load_prices()) is None
    assert cost_usd(model, Usage(1000, 1000), load_prices()) is None


def test_the_prices_that_are_shipped_are_of_one_kind():
    for model, price in load_prices().items():
        assert price.cached <= price.prompt <= price.completion, model
        assert price.written is None or price.prompt < price.written <= 2 * price.prompt, model
