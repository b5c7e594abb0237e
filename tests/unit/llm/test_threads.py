"""What goes through a whole call is done beside the event loop: requests in flight do not wait for it."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from include.calls.vocabulary import CallType
from include.errors import AnswerInvalid
from include.llm import audit, understanding
from include.llm.facts import nothing_said
from include.scorecards.loading import SHIPPED_SCORECARD, load_scorecard

CALL = (("agent", "welcome to acme"), ("customer", "I am Dana"))


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Any, str], list[threading.Thread]]]:
    """Notes which threads call a function of a module."""

    def watch(module: Any, name: str) -> list[threading.Thread]:
        calling: list[threading.Thread] = []
        original = getattr(module, name)

        def noted(*given: Any, **named: Any) -> Any:
            calling.append(threading.current_thread())
            return original(*given, **named)

        monkeypatch.setattr(module, name, noted)
        return calling

    yield watch


async def test_understanding_redacts_in_a_thread(api, client_of, reply, spoken, threads) -> None:
    api.replies = [reply(nothing_said().model_dump_json())]
    redacting = threads(understanding, "prepared")
    async with client_of(api) as client:
        await understanding.understand(client, spoken(*CALL))
    assert redacting and threading.current_thread() not in redacting


async def test_the_audit_redacts_and_settles_by_code_in_a_thread(
    api, client_of, reply, spoken, threads
) -> None:
    scorecard = load_scorecard(SHIPPED_SCORECARD)
    facts = nothing_said().model_copy(update={"call_type": CallType.CONVERSATION, "analysable": True})
    redacting, settling = threads(audit, "prepared"), threads(audit, "scope_of")
    async with client_of(api) as client:
        with pytest.raises(AnswerInvalid):
            await audit.answer_scorecard(client, spoken(*CALL), facts, scorecard)
    for threads_of_it in (redacting, settling):
        assert threads_of_it and threading.current_thread() not in threads_of_it
