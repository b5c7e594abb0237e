"""When an official answer is met, not met, or unknown: the one rule by which trends count and searches find.

select(...).select_from(AnswerRow).outerjoin(*official.ANSWERS).where(HOW_MET[Met.NOT_MET])
"""

from collections.abc import Mapping
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, case, or_

from include.database import official
from include.scorecards.assessment import Standing

_NO_AUTO_FAIL = "none"


class Met(StrEnum):
    """What became of a criterion in a call. An answer that does not apply, or earns nothing, is none of them.

    A criterion that is met in part is not met.
    """

    MET = "met"
    NOT_MET = "not_met"
    UNKNOWN = "unknown"


_FAILS = official.AUTO_FAIL != _NO_AUTO_FAIL
# Met or not met.
COUNTED = and_(official.STANDING == Standing.COUNTED, or_(official.POTENTIAL > 0, _FAILS))
_MET = and_(COUNTED, official.EARNED >= official.POTENTIAL, ~_FAILS)
HOW_MET: Mapping[Met, ColumnElement[bool]] = {
    Met.MET: _MET,
    # By case, so that of what is counted all that is not met is here, whatever the database does not know.
    Met.NOT_MET: and_(COUNTED, case((_MET, 1), else_=0) == 0),
    Met.UNKNOWN: official.STANDING.in_([Standing.UNSUPPORTED, Standing.UNDETERMINED]),
}
