"""One alert: what happened, since when, what to do, and where to look."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Alert:
    """Something that a person has to know before looking.

    Attributes:
        key: Names the event that it is about: there is one alert for each event.
        subject: One line, with the day or host.
        happened: What, with its figures.
        mend: What to do.
        since: When it began, as far as it is known.
        link: To the run; empty where there is none.
    """

    key: str
    subject: str
    happened: str
    mend: str
    since: datetime
    link: str = ""

    @property
    def text(self) -> str:
        """The whole alert as text, for a mail or a chat."""
        lines = [
            self.happened,
            f"Since: {self.since:%Y-%m-%d %H:%M} UTC",
            f"What to do: {self.mend}",
            *([f"The run: {self.link}"] if self.link else []),
        ]
        return "\n".join(lines)
