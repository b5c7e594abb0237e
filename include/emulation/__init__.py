"""Emulated GPU hosts and LLM API: processes that keep the contracts, take a set time, and fail on command.

To rehearse a deployment without GPUs or a paid API: how long a night takes with six hosts instead of five,
what happens when one dies at three in the morning. The fault tests and the benchmark use them too.

    cofi emulate gpu-host --port 9001 --stage-seconds 2 --capacity 4
    cofi emulate llm --port 9100 --llm1-seconds 5 --llm2-seconds 10

Both answer `GET /emulation/stats`, and `POST /emulation/faults` makes them fail (`include.emulation.faults`).
"""

TOKEN_VARIABLE = "COFI_EMULATED_TOKEN"  # noqa: S105 - the variable's name
