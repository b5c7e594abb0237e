from collections.abc import Callable

import pytest

from include.calls.transcript import Transcript
from tests.unit.llm.conftest import spoken_call


@pytest.fixture
def spoken() -> Callable[..., Transcript]:
    return spoken_call
