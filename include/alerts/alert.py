"""One alert: what happened, since when, what to do, and where to look."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from include.site_time import moment


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
        also: What the same message tells besides.
    """

    key: str
    subject: str
    happened: str
    mend: str
    since: datetime
    link: str = ""
    also: tuple["Alert", ...] = ()

    @property
    def headline(self) -> str:
        """The subject, and how much else the message tells."""
        return f"{self.subject}, and {len(self.also)} more" if self.also else self.subject

    def text(self, timezone: str) -> str:
        """The whole alert as text, for a mail or a chat, by the clock of a time zone."""
        lines = self._lines(timezone)
        for other in self.also:
            lines += ["", f"Also: {other.subject}", *other._lines(timezone)]
        return "\n".join([*lines, *([f"The run: {self.link}"] if self.link else [])])

    def _lines(self, timezone: str) -> list[str]:
        return [self.happened, f"Since: {moment(self.since, timezone)}", f"What to do: {self.mend}"]


def in_one_message(alerts: Sequence[Alert]) -> Alert:
    """What one look has found, as one alert: the first leads, which ought to be the gravest."""
    first, *others = alerts
    return replace(first, also=tuple(others))
