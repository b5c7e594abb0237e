import time

import pytest

from include.llm.rate import RateLimit


async def admitted(limit: RateLimit, count: int, body_bytes: int = 100) -> float:
    began_s = time.monotonic()
    for _ in range(count):
        await limit.admit(body_bytes)
    return time.monotonic() - began_s


def goes_at_once(limit: RateLimit, body_bytes: int = 100) -> bool:
    """Whether a request is let go without giving anybody else a turn, however long that takes."""
    admitting = limit.admit(body_bytes)
    try:
        admitting.send(None)
    except StopIteration:
        return True
    admitting.close()
    return False


async def test_without_limits_nothing_waits():
    limit = RateLimit()
    assert all(goes_at_once(limit) for _ in range(10_000))


@pytest.mark.parametrize(("per_minute", "count", "least_s"), [(1200, 30, 0.45), (120, 4, 0.95), (30, 1, 0.0)])
async def test_requests_per_minute_are_kept_beyond_one_seconds_burst(per_minute, count, least_s):
    assert await admitted(RateLimit(requests_per_minute=per_minute), count) >= least_s


async def test_tokens_per_minute_are_estimated_by_size():
    # 600 in ten seconds: 24 requests of 100 bytes at a quarter token each, then one every 0.42 s.
    assert await admitted(RateLimit(tokens_per_minute=3600), 26) >= 0.75


async def test_what_answers_took_is_learnt():
    learnt = RateLimit(tokens_per_minute=3600)
    for _ in range(60):
        learnt.took(100, 0)  # an API that tells no usage changes nothing
        learnt.took(100, 1)
    assert all(goes_at_once(learnt) for _ in range(200)), (
        "a hundredth of a token a byte: 200 bodies fit a bucket"
    )


async def test_a_request_larger_than_the_bucket_goes_all_the_same():
    assert goes_at_once(RateLimit(tokens_per_minute=60), body_bytes=1_000_000)
