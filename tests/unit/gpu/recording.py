"""A recording of several pieces, and the call that it belongs to."""

from io import BytesIO
from typing import IO

from include.calls.call import ChannelRole
from include.database.work import PendingCall

CONTENT = bytes(range(256)) * 4096  # 1 MiB: several pieces
CALL = PendingCall("call-1", "file:///a.wav", len(CONTENT), [ChannelRole.AGENT], None, None)


class Recording:
    """Opens a recording anew for each attempt, and counts."""

    def __init__(self, content: bytes = CONTENT) -> None:
        self.content = content
        self.opened = 0

    def __call__(self, uri: str) -> IO[bytes]:
        assert uri == CALL.uri
        self.opened += 1
        return BytesIO(self.content)
