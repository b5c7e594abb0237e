"""Requests and tokens per minute, for accounts that are limited by them: paced, so that few are refused."""

from aiolimiter import AsyncLimiter

_MINUTE_S = 60.0
# Room for bursts: one second's requests, and the tokens of ten seconds (one request takes thousands).
_REQUESTS_BURST_S = 1.0
_TOKENS_BURST_S = 10.0
# Until the first answer: English text has about four characters a token.
_TOKENS_PER_BYTE = 0.25
_NEW_WEIGHT = 0.1


class RateLimit:
    """Lets requests go at a rate.

    How many tokens a request takes is known when it is answered; what the ones before took by their size is
    the estimate.

    Args:
        requests_per_minute: 0 for any number.
        tokens_per_minute: Of prompts and answers together; 0 for any number.
    """

    def __init__(self, requests_per_minute: float = 0, tokens_per_minute: float = 0) -> None:
        self._requests = _paced(requests_per_minute, _REQUESTS_BURST_S)
        self._tokens = _paced(tokens_per_minute, _TOKENS_BURST_S)
        self._tokens_per_byte = _TOKENS_PER_BYTE

    async def admit(self, body_bytes: int) -> None:
        """Waits until a request of this size may go."""
        if self._requests:
            await self._requests.acquire()
        if self._tokens:
            # One that is larger than the bucket takes all of it.
            amount = min(body_bytes * self._tokens_per_byte, self._tokens.max_rate)
            await self._tokens.acquire(amount)

    def took(self, body_bytes: int, tokens: int) -> None:
        """What an answered request really took."""
        if tokens and body_bytes:
            self._tokens_per_byte += _NEW_WEIGHT * (tokens / body_bytes - self._tokens_per_byte)


def _paced(per_minute: float, burst_s: float) -> AsyncLimiter | None:
    if not per_minute:
        return None
    per_burst = per_minute * burst_s / _MINUTE_S
    # A bucket holds at least one.
    return AsyncLimiter(per_burst, burst_s) if per_burst >= 1 else AsyncLimiter(1, burst_s / per_burst)
