"""The host's log: a line per event, `key=value`, the same in the server and in its workers."""

import logging


def set_up_logging() -> None:
    """Logs to stderr. Call ids are logged, never what is said in a call."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(processName)s %(name)s: %(message)s"
    )
    # It logs pieces of transcripts when it is asked for more than warnings.
    logging.getLogger("faster_whisper").setLevel(logging.WARNING)
