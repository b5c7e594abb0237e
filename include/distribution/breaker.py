"""A circuit breaker: tells a host that fails from calls that do."""

from include.errors import (
    CofiError,
    HostBusy,
    HostFailing,
    HostFault,
    HostUnready,
    RecordingMissing,
    RecordingUnusable,
)

# Faults of a host in a row, without a success between them.
MOST_IN_A_ROW = 10
# A shard that ends before that with this many faults, and nothing else, was the host's fault too.
_FEW = 3
_OF_THE_HOST = (HostFault, HostBusy, RecordingMissing)


class Breaker:
    """Counts how calls end on a host.

    Args:
        host: Its name, for the message.
    """

    def __init__(self, host: str) -> None:
        self._host = host
        self._in_a_row = 0
        self._worked = False
        self._given_up = False
        self._last: CofiError | None = None

    def succeeded(self) -> None:
        """A call was done."""
        self._in_a_row = 0
        self._worked = True

    def failed(self, error: CofiError) -> None:
        """A call failed. Only faults of the host count; one that finds a recording unusable works.

        A host that nobody gets an answer of is `HostLost`: it ends the lane without being counted.
        """
        if isinstance(error, _OF_THE_HOST):
            self._in_a_row += 1
            self._last = error
            # It was waited for as long as a host may be not ready: the next call would wait as long again.
            self._given_up = isinstance(error, HostUnready)
        elif isinstance(error, RecordingUnusable):
            self.succeeded()

    def check(self) -> None:
        """Lets the next call through.

        Raises:
            HostFailing: Too many failed in a row, or the host is not ready for too long.
        """
        if self._given_up or self._in_a_row >= MOST_IN_A_ROW:
            raise self._failing()

    def at_end(self) -> None:
        """Checks the host after the last call.

        Raises:
            HostFailing: Nothing but faults came of the few calls that there were.
        """
        if not self._worked and self._in_a_row >= _FEW:
            raise self._failing()

    def _failing(self) -> HostFailing:
        how = "is not ready" if self._given_up else f"failed {self._in_a_row} calls in a row"
        return HostFailing(
            f"GPU host {self._host} {how}, the last with: {self._last} "
            "Look at its log; its calls go to other hosts."
        )
