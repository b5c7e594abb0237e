"""A report without some calls, for who answers these blind; or without any, for who may see none."""

import re
from collections.abc import Collection

from include.delivery.wording import calls
from include.errors import NotForYou

# As templates/parts.html writes it. What people have said is escaped: it can end nothing.
_OF_CALL = re.compile(
    r"<!--of (?P<call_id>[^\s<>]+)(?P<quoted> quoted)?-->(?P<entry>.*?)<!--end-->", re.DOTALL
)
# What of an entry is about the work, and not about the call.
_OF_WORK = re.compile(r"<!--work-->(.*?)<!--/work-->", re.DOTALL)
# As templates/report.html writes it: all that it tells of calls and agents stands in entries.
_ALL_MARKED = '<meta name="cofi-calls" content="marked">'
_LINK = re.compile(r'href="calls/([^"]+)"')
_BEGINS = "<main>"


def without_calls(page: str, call_ids: Collection[str]) -> str:
    """The page of a report without its entries about these calls; it says how many are left out.

    Raises:
        NotForYou: It tells of one of them elsewhere, as reports of older versions do.
    """
    found = {call_id for call_id in call_ids if call_id in page}
    if not found:
        return page
    rest = _OF_CALL.sub(lambda entry: "" if entry["call_id"] in found else entry[0], page)
    if any(call_id in rest for call_id in found):
        raise NotForYou(
            f"This report tells of {calls(len(found))} that you answer in a calibration session: it is shown "
            "when all have submitted."
        )
    return _with_notice(rest, f"Without the {calls(len(found))} that you answer in calibration.")


def without_any_call(page: str, why: str) -> str:
    """A report with its figures and what failed, but without all that it tells of calls and agents.

    Args:
        page: The report.
        why: A sentence for the reader.

    Raises:
        NotForYou: An older version wrote it, and not all that tells of calls can be found.
    """
    if _ALL_MARKED not in page:
        raise NotForYou(
            f"{why} This report was written by an older cofi, and is shown only whole. The run's note, and "
            "its tasks with their logs, tell what became of it."
        )
    rest = _OF_CALL.sub(lambda entry: "".join(_OF_WORK.findall(entry["entry"])), page)
    return _with_notice(rest, f"Without what it tells of calls and agents. {why}")


def quoted_calls(page: str) -> list[str]:
    """Ids of the calls that the page of a report tells the content of, each once.

    Of a page of an older version, which marks none of these, all that it names.
    """
    if _ALL_MARKED not in page:
        return list(dict.fromkeys(_LINK.findall(page)))
    return list(dict.fromkeys(entry["call_id"] for entry in _OF_CALL.finditer(page) if entry["quoted"]))


def _with_notice(page: str, notice: str) -> str:
    return page.replace(_BEGINS, f'{_BEGINS}\n<p class="notice">{notice}</p>', 1)
