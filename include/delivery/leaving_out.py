"""A report without what it tells of some calls: for readers who answer these blind in calibration."""

import re
from collections.abc import Collection

from include.delivery.wording import calls
from include.errors import NotForYou

# As templates/parts.html writes it. What people have said is escaped: it can end nothing.
_OF_CALL = re.compile(r"<!--of (\S+)-->.*?<!--end-->", re.DOTALL)
_BEGINS = "<main>"


def without_calls(page: str, call_ids: Collection[str]) -> str:
    """The page of a report without its entries about these calls; it says how many are left out.

    Raises:
        NotForYou: It tells of one of them elsewhere, as reports of older versions do.
    """
    found = {call_id for call_id in call_ids if call_id in page}
    if not found:
        return page
    rest = _OF_CALL.sub(lambda entry: "" if entry[1] in found else entry[0], page)
    if any(call_id in rest for call_id in found):
        raise NotForYou(
            f"This report tells of {calls(len(found))} that you answer in a calibration session: it is shown "
            "when all have submitted."
        )
    notice = f'<p class="notice">Without the {calls(len(found))} that you answer in calibration.</p>'
    return rest.replace(_BEGINS, f"{_BEGINS}\n{notice}", 1)
