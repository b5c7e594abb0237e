"""The host's log: a line per event, `key=value`, the same in the server and in its workers."""

import logging

from include.card_data.masking import masked_text

_FORMAT = "%(asctime)s %(levelname)s %(processName)s %(name)s: %(message)s"


class _Masking(logging.Formatter):
    """Also errors of libraries, which quote what they were given, hold no card data."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, and the stack of an error."""
        return masked_text(super().format(record))


def set_up_logging() -> None:
    """Logs to stderr. Call ids are logged, never what is said in a call."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Masking(_FORMAT))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    # It logs pieces of transcripts when it is asked for more than warnings.
    logging.getLogger("faster_whisper").setLevel(logging.WARNING)
