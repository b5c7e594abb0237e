"""Emulated GPU hosts and LLM API: processes that keep the contracts, take a set time, and fail as told.

To rehearse a deployment without GPUs or a paid API: how long a night takes with six hosts instead of five,
what happens when one dies at three in the morning. The fault tests and the benchmark use them too.

    python -m include.emulation gpu-host --port 9001 --stage-seconds 2 --capacity 4
    python -m include.emulation llm --port 9100 --llm1-seconds 5 --llm2-seconds 10

Both answer `GET /emulation/stats`, and `POST /emulation/faults` makes them fail (`include.emulation.faults`).
"""
