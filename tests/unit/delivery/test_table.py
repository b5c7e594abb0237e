"""The text table: short enough for a terminal, and without a word of a transcript."""

import pytest

from include.calls.call import CallState
from include.calls.stage import Stage
from include.delivery.summary import summarise
from include.delivery.table import text_table
from tests.unit.delivery.seeding import SeededDay

RUN = "run-2"


def _table(day: SeededDay) -> str:
    return text_table(summarise(day.database, RUN))


@pytest.mark.long
def test_a_small_run_is_told_host_by_host(day: SeededDay) -> None:
    day.batch(RUN)
    quote = {"turn_id": "t4", "speaker": "agent", "status": "verified", "quote": "your balance is ten"}
    for n in range(2):
        call = day.call(RUN, f"{n}.wav", host=f"gpu-{n}")
        day.stages(RUN, call, f"gpu-{n}", at_s=20 * n)
        identity = day.llm(RUN, call, model="cofi-rules-1")
        answers = {"verified": "no", "closing": "yes"}
        day.audit(RUN, call, 0, answers, evidence={"verified": [quote]}, identity=identity)
    day.call(RUN, "short.wav", CallState.SKIPPED, reason="lasts 1.0 s; audited are calls of 3 to 7200 s")

    table = _table(day)

    assert "2 audited + 0 failed + 0 duplicate + 1 skipped + 0 quarantined = 3 discovered" in table
    assert "ledger closed, took 1 h 0 min" in table
    assert "not by a language model" in table
    (row,) = [line for line in table.splitlines() if line.startswith("stt") and "gpu-1" in line]
    assert row.split() == ["stt", "gpu-1", "1", "0", "0", "2.00", "–", "0.017"]
    (llm2,) = [line for line in table.splitlines() if line.startswith("llm2")]
    assert llm2.split() == ["llm2", "gateway", "2", "0", "0", "2.00", "3.0", "–"]
    assert "auto-fail              0 %  0.wav  Customer verified before account data: No" in table
    assert "1 skipped      lasts … s" in table
    assert "balance" not in table


@pytest.mark.long
def test_many_hosts_share_a_row(day: SeededDay) -> None:
    day.batch(RUN)
    for host in range(20):
        for n in range(2):
            call = day.call(RUN, f"{host}-{n}-{'long' * 30}.wav", host=f"gpu-{host}", duration_s=100)
            day.stages(RUN, call, f"gpu-{host}", at_s=60 * n, seconds=1 + host)
            day.audit(RUN, call, 50, {"verified": "yes", "closing": "no"})
        day.failure(RUN, call, Stage.STT, f"gpu-{host}")
        day.call(RUN, f"lost-{host}.wav", CallState.FAILED, reason=f"stt: kind{chr(97 + host)}: text")

    table = _table(day)

    (stt,) = [line for line in table.splitlines() if line.startswith("stt")]
    # 20 hosts, each one call per minute; 10.5 s for 100 s of audio on average.
    assert stt.split() == ["stt", "20", "hosts", "40", "20", "20", "10.50", "20.0", "0.105"]
    assert len(table.splitlines()) <= 40
    assert max(map(len, table.splitlines())) == 100
    assert "and 14 more kinds of reason" in table


@pytest.mark.long
def test_an_empty_or_open_day_is_told(day: SeededDay) -> None:
    day.batch(RUN)
    assert "0 audited + 0 failed + 0 duplicate + 0 skipped + 0 quarantined = 0 discovered" in _table(day)

    day.call(RUN, "stuck\nand\rmore.wav", CallState.PENDING)
    assert "LEDGER OPEN" in _table(day)
    assert "+ 1 pending = 1 discovered" in _table(day)
