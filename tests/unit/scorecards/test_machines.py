"""Where no prompts are known, what hangs on telling machines from people is left open and says why."""

from collections.abc import Callable

import pytest

from include.calls.call import ChannelRole
from include.gpu.wire import IvrResult, PromptLibrary
from include.llm.circumstances import circumstances_of
from include.scorecards.answers import Absence, AuditAnswers, AuditReply, Evidence, GivenAnswer
from include.scorecards.assessment import AssessedAnswer, Standing
from include.scorecards.loading import parse_scorecard
from include.scorecards.machines import BY_MACHINE, GREETING, UNNAMED, WAITING
from include.scorecards.metrics import call_metrics
from include.scorecards.scoring import assess
from tests.unit.scorecards.test_metrics import call, turn
from tests.yaml_text import as_yaml

NONE, GIVEN = PromptLibrary(given=0), PromptLibrary(given=4)
LEARNED = PromptLibrary(given=0, learned=3, calls_heard=30, confidence=0.95)
FEW_HEARD = PromptLibrary(given=0, learned=1, calls_heard=9, confidence=0.26)
# S2: the menu's words pass for the agent's until the customer speaks.
TALK = call(
    turn(1, "agent", 1, 9, "thank you for calling riverside telecom"),
    turn(2, "agent", 40, 45, "riverside telecom this is dana"),
    turn(3, "customer", 46, 50, "hello it is about my bill"),
    turn(4, "agent", 51, 60, "one moment please"),
    turn(5, "agent", 90, 99, "thank you for waiting"),
)
QUEUE = (("hold_music", 10_000, 38_000, ""), ("dead_air", 62_000, 88_000, ""))
Ivr = Callable[..., IvrResult]
Answered = Callable[..., AssessedAnswer]


@pytest.fixture
def ivr(heard: Ivr) -> Ivr:
    def make(library: PromptLibrary | None, *segments: tuple[str, int, int, str]) -> IvrResult:
        return heard(*(segments or QUEUE)).model_copy(update={"library": library})

    return make


@pytest.fixture
def answered(small: Callable[..., dict[str, object]]) -> Answered:
    """Answers the first criterion of a small scorecard, which is changed as asked."""

    def run(ivr: IvrResult, answer: str, *quotes: str, **changes: object) -> AssessedAnswer:
        content = small()
        criterion = content["criteria"][0]  # type: ignore[index]
        criterion.update(changes)
        absence = None if quotes else Absence(searched="it", statement="not said")
        evidence = [Evidence(turn_id="", quote=quote) for quote in quotes]
        given = GivenAnswer(evidence=evidence, absence=absence, justification="", answer=answer, confidence=1)
        answers = {one["id"]: given for one in content["criteria"]}  # type: ignore[attr-defined]
        reply = AuditReply(answers=answers, strengths=[], coaching=[], overall_comment="")
        scorecard = parse_scorecard(as_yaml(content), source="small.yaml")
        found = assess(scorecard, AuditAnswers(reply=reply), TALK, call_metrics(TALK, ivr))
        return found.answer(criterion["id"])

    return run


@pytest.mark.parametrize("library", [None, GIVEN, LEARNED])
def test_where_prompts_are_known_or_nobody_tells_all_stays(ivr: Ivr, library: PromptLibrary | None) -> None:
    found = call_metrics(TALK, ivr(library))
    assert (found.hold_count, found.conversation_s, found.people_from_ms) == (1, 98, 0)
    assert found.agent_talk_share == pytest.approx(31 / 35, abs=0.001) and found.machines_told
    assert "machine" not in circumstances_of(TALK, ivr(library)).text


@pytest.mark.parametrize("library", [NONE, FEW_HEARD])
def test_without_prompts_the_conversation_begins_with_the_customer(ivr: Ivr, library: PromptLibrary) -> None:
    found = call_metrics(TALK, ivr(library))
    assert (found.hold_count, found.conversation_s, found.people_from_ms) == (0, 53, 46_000)
    assert (found.agent_talk_share, found.customer_talk_share, found.agent_words_per_min) == (
        None,
        None,
        None,
    )
    assert "may be a machine's" in circumstances_of(TALK, ivr(library)).text


def test_a_menu_is_not_credited_as_the_agents_greeting(ivr: Ivr, answered: Answered) -> None:
    rule = {"evidence": {"required_on": ["yes"], "speaker": "agent", "window": {"first_s": 60}}}
    quote = "thank you for calling riverside telecom"
    assert answered(ivr(GIVEN), "yes", quote, **rule).standing is Standing.COUNTED
    found = answered(ivr(NONE), "yes", quote, **rule)
    assert found.standing is Standing.UNSUPPORTED and BY_MACHINE in found.review_reasons[0]
    later = answered(ivr(NONE), "yes", "one moment please", **rule)
    assert later.standing is Standing.COUNTED


def test_no_greeting_is_not_charged_to_the_agent(ivr: Ivr, answered: Answered) -> None:
    rule = {"evidence": {"required_on": ["yes"], "speaker": "agent", "window": {"first_s": 60}}}
    assert answered(ivr(GIVEN), "no", **rule).standing is Standing.COUNTED
    found = answered(ivr(NONE), "no", **rule)
    assert (found.standing, found.review_reasons, found.potential) == (Standing.UNSUPPORTED, [GREETING], 0)
    without = {"evidence": {"required_on": ["yes"], "speaker": "agent"}}
    assert answered(ivr(NONE), "no", **without).standing is Standing.COUNTED


@pytest.mark.parametrize(
    ("bound", "answer", "standing"),
    [
        (("le", 15), "no", Standing.UNSUPPORTED),
        (("le", 60), "yes", Standing.COUNTED),
        (("ge", 15), "yes", Standing.UNSUPPORTED),
        (("ge", 60), "no", Standing.COUNTED),
    ],
)
def test_dead_air_may_be_the_queues(
    ivr: Ivr, answered: Answered, bound: tuple[str, int], answer: str, standing: Standing
) -> None:
    metric = {
        "answered_by": "metric",
        "metric": {"field": "longest_dead_air_s", "op": bound[0], "value": bound[1]},
    }
    known, unknown = answered(ivr(GIVEN), "", **metric), answered(ivr(NONE), "", **metric)
    assert (known.answer, known.standing) == (answer, Standing.COUNTED)
    assert (unknown.answer, unknown.standing) == (answer, standing)
    assert unknown.review_reasons == ([WAITING] if standing is Standing.UNSUPPORTED else [])


def test_talk_share_is_unknown(ivr: Ivr, answered: Answered) -> None:
    metric = {"answered_by": "metric", "metric": {"field": "agent_talk_share", "op": "le", "value": 0.7}}
    assert answered(ivr(NONE), "", **metric).standing is Standing.UNDETERMINED
    assert answered(ivr(GIVEN), "", **metric).answer == "no"


def test_a_hold_that_is_none_for_sure_is_not_charged(ivr: Ivr, answered: Answered) -> None:
    music = ("hold_music", 62_000, 88_000, "")
    rule = {"applies_if": {"field": "metrics.hold_count", "op": "gt", "value": 0}}
    assert answered(ivr(GIVEN, music), "no", **rule).standing is Standing.COUNTED
    found = answered(ivr(NONE, music), "no", **rule)
    assert (found.standing, found.review_reasons) == (Standing.UNSUPPORTED, [WAITING])


def test_an_announcement_that_nobody_named_may_be_the_one_asked_for(ivr: Ivr, answered: Answered) -> None:
    rule = {"settled_by_prompt": {"prompts": ["recording-notice"], "answer": "yes"}}
    unnamed, named = ("prompt", 1000, 9000, "learned-7098e628"), ("prompt", 1000, 9000, "welcome")
    found = answered(ivr(LEARNED, unnamed), "no", **rule)
    assert (found.standing, found.review_reasons) == (Standing.UNSUPPORTED, [UNNAMED])
    assert answered(ivr(LEARNED, named), "no", **rule).standing is Standing.COUNTED
    settled = ("prompt", 1000, 9000, "recording-notice")
    assert answered(ivr(LEARNED, settled), "no", **rule).answer == "yes"


def test_of_voices_without_roles_the_second_one_begins_the_conversation(ivr: Ivr) -> None:
    unknown = {"speaker": ChannelRole.UNKNOWN, "channel": 0}
    voices = [
        one.model_copy(update={**unknown, "voice": 2 if n == 2 else 1}) for n, one in enumerate(TALK.turns)
    ]
    assert call_metrics(call(*voices), ivr(NONE)).people_from_ms == 46_000
    alone = call(*(one.model_copy(update={"voice": 1}) for one in voices))
    assert call_metrics(alone, ivr(NONE)).people_from_ms is None
