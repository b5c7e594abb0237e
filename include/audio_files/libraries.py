"""What the two libraries that read recordings raise for bytes that make no sense."""

import av
import soundfile

# Besides errors of their own, MemoryError for lengths that are absurd, OSError for places that cannot be
# sought, and what Python has for wrong values.
LIBRARY_ERRORS = (
    soundfile.SoundFileError,
    av.FFmpegError,
    ValueError,
    TypeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    OverflowError,
    RuntimeError,
    NotImplementedError,
)
