"""The report of what is sent to the LLM: docs/prompts.md."""

from collections.abc import Mapping
from datetime import UTC, datetime

from include.llm.usage import Prices
from tests.benchmarks.findings import Check, Table, percent
from tests.benchmarks.prompt_tokens.counting import (
    CACHED_FROM,
    CACHED_STEP,
    ROOT,
    SAMPLE,
    Figures,
    share_same,
    usd_per_1000,
)
from tests.benchmarks.reporting import acceptance, as_markdown, commit_of

# What this command counted before prompts were put in order, on 2026-11-29.
BEFORE_COMMIT = "c65f265"
BEFORE = {
    "LLM1": Figures(
        calls=23,
        messages=1534.0,
        schema=1436.0,
        answer=552.65,
        same_messages=288,
        same_whole=1724,
        sample=2929,
        sample_messages=1493,
        per_criterion=None,
    ),
    "LLM2": Figures(
        calls=23,
        messages=3037.09,
        schema=2643.30,
        answer=1375.52,
        same_messages=288,
        same_whole=336,
        sample=5702,
        sample_messages=3018,
        per_criterion=413.45,
    ),
}


def report(now: Mapping[str, Figures], prices: Prices) -> str:
    """The whole of docs/prompts.md."""
    parts = [
        "# What is sent to the LLM, in tokens",
        "Written by `make bench-prompts`. Do not edit: run it again.",
        f"{datetime.now(UTC):%Y-%m-%d}, commit {commit_of(ROOT)}; the {now['LLM1'].calls} sample calls with "
        "speech, as the demo's GPU hosts heard them, redacted, answered by the demo's endpoint. Tokens as "
        "llama.cpp's server counts them with SmolLM2's tokenizer. Before: the same command on commit "
        f"`{BEFORE_COMMIT}`.",
        _ABOUT,
        "## A call",
        as_markdown(_by_stage(now)),
        "## All calls of a day",
        as_markdown(_shared(now)),
        _LAYOUT,
        "## What 1,000 calls cost",
        as_markdown(_costs(now, prices)),
        acceptance(checks(now)),
    ]
    return "\n\n".join(parts) + "\n"


_ABOUT = (
    "Whether the JSON schema of the answer is part of the prompt is the server's affair: llama.cpp, vLLM and "
    "Ollama make a grammar of it and count the messages alone; OpenAI and Azure show it to the model and "
    "count it."
)
_LAYOUT = (
    "The system message holds the rules, the task and its lists (contact reasons, criteria); the user's "
    "holds the transcript and one line about the call. Criteria that every call is asked come before those "
    "that code may settle; the schema is the same for all calls, and what a call is not asked is null in it. "
    "So all calls of a stage begin alike, and a provider's prefix cache serves a whole day: OpenAI's from "
    f"{CACHED_FROM:,} tokens on, in steps of {CACHED_STEP}; vLLM's and llama.cpp's block by block. A "
    "transcript that stood first would be shared by two requests only."
)


def _by_stage(now: Mapping[str, Figures]) -> Table:
    rows = []
    for stage, one in now.items():
        old = BEFORE[stage]
        rows += [
            [f"{stage}, messages", *_change(old.messages, one.messages)],
            [f"{stage}, messages and schema", *_change(old.whole, one.whole)],
            [f"{stage}, the demo's answer", *_change(old.answer, one.answer)],
            [f"{stage}, `{SAMPLE}`, messages", *_change(old.sample_messages, one.sample_messages)],
            [f"{stage}, `{SAMPLE}`, messages and schema", *_change(old.sample, one.sample)],
        ]
        if one.per_criterion and old.per_criterion:
            name = f"{stage}, messages and schema, for each criterion asked"
            rows.append([name, *_change(old.per_criterion, one.per_criterion)])
    return Table(["tokens", "before", "now", "now ÷ before"], rows)


def _change(old: float, new: float) -> list[str]:
    return [f"{old:,.0f}", f"{new:,.0f}", percent(new / old)]


def _shared(now: Mapping[str, Figures]) -> Table:
    rows = []
    for name, whole in (("messages and schema", True), ("messages", False)):
        old, new = (share_same(stages, whole=whole) for stages in (BEFORE, now))
        rows.append([f"share that all calls begin with, {name}", percent(old), percent(new)])
    for stage, one in now.items():
        old_same = f"{BEFORE[stage].same_whole:,}"
        rows.append(
            [f"first tokens that all calls share, {stage} with schema", old_same, f"{one.same_whole:,}"]
        )
    return Table(["", "before", "now"], rows)


def _costs(now: Mapping[str, Figures], prices: Prices) -> Table:
    rows = []
    for model, price in prices.items():
        if price.prompt:
            usd = [
                usd_per_1000(stages, model, prices, cached=cached)
                for stages, cached in ((BEFORE, False), (BEFORE, True), (now, False), (now, True))
            ]
            rows.append([f"`{model}`", *(f"${amount:.2f}" for amount in usd)])
    before = (
        "At the prices of `include/llm/prices.yaml`; prompts with their schema, answers as long as the "
        "demo's. Cached: what calls begin with is found in the cache wherever it is long enough."
    )
    return Table(["model", "before", "before, cached", "now", "now, cached"], rows, before=before)


def checks(now: Mapping[str, Figures]) -> list[Check]:
    """What must hold."""
    llm1, llm2 = now["LLM1"], now["LLM2"]
    share, of_before = share_same(now), llm1.sample / BEFORE["LLM1"].sample
    by_criterion = (llm2.per_criterion or 0.0) / (BEFORE["LLM2"].per_criterion or 1.0)
    return [
        Check("at least 70 % of all prompt tokens are the same in all calls", share >= 0.7, percent(share)),
        Check(
            f"LLM1 asks about `{SAMPLE}` with at most 60 % of the tokens",
            of_before <= 0.6,
            percent(of_before),
        ),
        Check("LLM2 takes no more tokens for a criterion", by_criterion <= 1, percent(by_criterion)),
    ]
