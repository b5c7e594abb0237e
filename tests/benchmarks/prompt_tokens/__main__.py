"""How many tokens the two LLM stages send: `make bench-prompts`."""

import argparse
import asyncio
import sys

from include.llm.usage import load_prices
from tests.benchmarks.prompt_tokens.counting import ROOT, bodies_sent, counting, figures, measured
from tests.benchmarks.prompt_tokens.report import checks, report

REPORT = ROOT / "docs" / "prompts.md"


def main() -> int:
    """Counts, writes the report and prints it."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.prompt_tokens", description=__doc__)
    parser.add_argument("--print", action="store_true", help="print it, and leave docs/prompts.md as it is")
    only_printed = parser.parse_args().print
    with counting() as counter:
        found = measured(counter, asyncio.run(bodies_sent()))
    now = {stage: figures(sent) for stage, sent in found.items()}
    text = report(now, load_prices())
    if not only_printed:
        REPORT.write_text(text)
    print(text)
    return 0 if all(check.holds for check in checks(now)) else 1


if __name__ == "__main__":
    sys.exit(main())
