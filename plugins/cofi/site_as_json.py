"""Prints `cofi.site` as JSON: `cofi check` runs this as a process of its own.

Passwords are in it: it goes through a pipe, nowhere else.
"""

import json
import os
import sys


def main() -> None:
    """Prints it on what was stdout at first; all else, by whomever and in whatever process, goes to stderr.

    Airflow writes its log to stdout where it is set so, and while it is imported.
    """
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    from cofi.site import found  # noqa: PLC0415 - so that nothing is said on stdout meanwhile

    with out:
        json.dump(found(), out, default=str)


if __name__ == "__main__":
    main()
