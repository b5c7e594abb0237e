"""Airflow's command line with errors that are a sentence: `cofi airflow` runs it as a process of its own.

Wrong usage, Airflow itself tells in a line. All else that goes wrong would end in a traceback of its code.
"""

import sys
from json import JSONDecodeError
from types import TracebackType

# They write logs, for which the place of an error is what matters.
_SERVICES = {"api-server", "celery", "dag-processor", "kerberos", "scheduler", "standalone", "triggerer"}


def main() -> None:
    """Runs what was typed after `cofi airflow`."""
    from airflow.__main__ import main as typed  # noqa: PLC0415 - what goes wrong meanwhile is told as well

    typed()


def told(kind: type[BaseException], error: BaseException, _: TracebackType | None) -> None:
    """Tells an error that nobody caught."""
    sentence = "Stopped." if issubclass(kind, KeyboardInterrupt) else sentence_of(error)
    print(sentence, file=sys.stderr)


def sentence_of(error: BaseException) -> str:
    """What went wrong, and how to see where.

    Of a message of several lines the first says it: a database adds its statement, a Param its schema.
    """
    first = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    what = first or type(error).__name__
    if isinstance(error, JSONDecodeError):
        what = f"'{error.doc}' is no JSON ({what})"
    return f"{what.rstrip('.')}. `cofi --debug airflow …` shows where."


if __name__ == "__main__":
    if not _SERVICES.intersection(sys.argv[1:2]):
        sys.excepthook = told
    main()
