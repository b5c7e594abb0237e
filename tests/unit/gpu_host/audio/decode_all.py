"""Decodes every file of a folder and says what came of each: a process of its own, so that it may crash.

    python decode_all.py FOLDER SCRATCH SECONDS_PER_FILE

One line a file: its name, the largest memory so far in MB, and `recording`, `unusable: …` or the name of an
exception that is neither; tabs between them.
"""

import re
import resource
import signal
import sys
from pathlib import Path

from include.errors import RecordingUnusable
from include.gpu_host.audio.decoding import decode, probe

MAX_DURATION_S = 600


def outcome(path: Path, scratch: Path) -> str:
    try:
        probe(path, MAX_DURATION_S)
        recording = decode(path, scratch, MAX_DURATION_S)
        assert recording.frames and recording.duration_s <= MAX_DURATION_S + 1
        recording.samples(recording.channels[-1], recording.frames - 1)
    except RecordingUnusable as error:
        return f"unusable: {error}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "recording"


def peak_mb() -> int:
    """Of this program: `ru_maxrss` begins at the size of the process that started it."""
    status = Path("/proc/self/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) // 1024


def main(folder: str, scratch: str, seconds_per_file: str) -> None:
    # A crash would leave a file of this process's memory; the default of the alarm ends a hang.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for path in sorted(Path(folder).iterdir()):
        signal.alarm(int(seconds_per_file))
        line = outcome(path, Path(scratch))
        print(path.name, peak_mb(), " ".join(line.split()), sep="\t", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
