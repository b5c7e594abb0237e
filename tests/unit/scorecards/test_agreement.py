"""Agreement with gold labels: the figures, and what they are enough for."""

from datetime import date
from pathlib import Path

import pytest

from include.errors import InvalidInput
from include.scorecards.agreement import Bar, measure
from include.scorecards.coefficients import cohens_kappa
from include.scorecards.gold import load_labels
from include.scorecards.loading import parse_scorecard
from include.scorecards.schema import Scorecard
from tests.yaml_text import as_yaml

DAY = date(2026, 11, 16)
FEW = "(too few: 2 of 20 labelled calls)"
LABELS = Path("include/demo/sample_calls/gold.csv")


@pytest.fixture
def card(small) -> Scorecard:
    """a1 has three options, b1 an auto-fail."""
    content = small()
    content["criteria"][0]["options"].append({"key": "partial", "label": "p", "score": 0.5})
    content["criteria"][2]["options"][1]["auto_fail"] = "form"
    return parse_scorecard(as_yaml(content), source="small.yaml")


def by_call(*answers: dict[str, str]) -> dict[tuple[date, str], dict[str, str]]:
    return {(DAY, f"{number}.wav"): given for number, given in enumerate(answers)}


def test_agreement_is_counted_by_criterion_and_over_all(card: Scorecard) -> None:
    gold = by_call(
        {"a1": "yes", "b1": "no"},
        {"a1": "partial", "b1": "no"},
        {"a1": "no", "b1": "yes", "of_another_scorecard": "yes"},
        {"a1": "no"},
    )
    given = by_call(
        {"a1": "yes", "b1": "no"},
        {"a1": "no", "b1": "CANNOT_DETERMINE"},
        {"a1": "no", "b1": "yes"},
        {"a1": "partial", "b1": "no"},
    )
    given[(DAY, "nobody labelled it.wav")] = {"a1": "yes"}
    found = measure(gold, given, card)
    a1, b1 = found.by_criterion["a1"], found.by_criterion["b1"]
    assert list(found.by_criterion) == ["a1", "b1"]
    assert (a1.labelled, a1.agreed, a1.undetermined, a1.accuracy) == (4, 2, 0, 0.5)
    assert (a1.fails, a1.fails_found, a1.fail_recall) == (2, 1, 0.5), "partial is no fail"
    assert (b1.labelled, b1.agreed, b1.undetermined) == (3, 2, 1)
    assert (b1.auto_fails, b1.auto_fails_found, a1.auto_fails) == (2, 1, 0)
    assert (found.calls, found.total.labelled, found.total.agreed) == (4, 7, 4)
    assert found.total.accuracy == pytest.approx(4 / 7)
    assert found.left_out == {"of_another_scorecard": 1}


def test_calls_without_an_audit_are_left_out_and_missing_answers_disagree(card: Scorecard) -> None:
    gold = by_call({"a1": "yes"}, {"a1": "yes"})
    found = measure(gold, {(DAY, "0.wav"): {}}, card)
    assert (found.calls, found.total.labelled, found.total.agreed, found.total.undetermined) == (1, 1, 0, 1)
    nothing = measure(gold, {}, card)
    assert (nothing.calls, nothing.total.accuracy, nothing.total.kappa) == (0, None, None)


def test_kappa_is_cohens() -> None:
    # p_o = 0.44 + 0.20 + 0.06; p_e = 0.60 · 0.50 + 0.30 · 0.30 + 0.10 · 0.20.
    table = {
        ("a", "a"): 44, ("a", "b"): 7, ("a", "c"): 9,
        ("b", "a"): 5, ("b", "b"): 20, ("b", "c"): 5,
        ("c", "a"): 1, ("c", "b"): 3, ("c", "c"): 6,
    }  # fmt: skip
    pairs = [pair for pair, times in table.items() for _ in range(times)]
    assert cohens_kappa(pairs) == pytest.approx((0.70 - 0.41) / (1 - 0.41))
    assert cohens_kappa([("a", "a"), ("b", "b")]) == 1
    assert cohens_kappa([("a", "b"), ("b", "a")]) == -1
    assert cohens_kappa([("a", "a"), ("a", "a")]) is None


def test_false_alarms_are_counted_beside_what_is_found(card: Scorecard) -> None:
    gold = by_call(*({"a1": a1, "b1": b1} for a1 in ("yes", "partial", "no") for b1 in ("yes", "no")))
    always = measure(gold, by_call(*({"a1": "no", "b1": "no"} for _ in gold)), card)
    a1, b1 = always.by_criterion["a1"], always.by_criterion["b1"]
    assert (a1.fails, a1.fails_found, a1.false_fails, a1.false_auto_fails) == (2, 2, 4, 0)
    assert (b1.fails_found, b1.false_fails) == (b1.auto_fails_found, b1.false_auto_fails) == (3, 3)
    assert (always.total.false_fails, always.total.false_auto_fails) == (7, 3)
    never = measure(gold, by_call(*({"a1": "yes", "b1": "CANNOT_DETERMINE"} for _ in gold)), card)
    assert (never.total.fails_found, never.total.false_fails, never.total.false_auto_fails) == (0, 0, 0)
    right = measure(gold, gold, card)
    assert (right.total.fails_found, right.total.false_fails, right.total.false_auto_fails) == (5, 0, 0)


def test_an_auto_fail_on_what_does_not_apply_is_false(card: Scorecard) -> None:
    labels = by_call({"b1": "CANNOT_DETERMINE"}, {"b1": "yes"})
    found = measure(labels, by_call({"b1": "no"}, {"b1": "NA"}), card)
    assert found.total.false_auto_fails == 1


@pytest.mark.parametrize(
    ("allowed", "given", "missed"), [(None, 2, 0), (2, 2, 0), (1, 2, 1), (0, 1, 1), (0, 0, 0)]
)
def test_the_bar_allows_so_many_false_auto_fails(card: Scorecard, allowed, given: int, missed: int) -> None:
    answers = by_call(*({"b1": "no" if n < given else "yes"} for n in range(3)))
    found = measure(by_call(*({"b1": "yes"} for _ in range(3))), answers, card)
    told = Bar(0, 0, 0, 0, 0, false_auto_fails=allowed).missed(found)
    assert told == [f"{given} auto-fails are false, allowed: {allowed}"] * missed


@pytest.mark.parametrize(
    ("bar", "told"),
    [
        ({}, []),
        ({"accuracy": 0.6}, [f"accuracy is 0.500 {FEW}, asked for: 0.6"]),
        ({"calls": 5}, ["2 labelled calls were audited, asked for: 5"]),
        ({"fail_recall": 0.9}, ["recall on fails is 0.500, asked for: 0.9"]),
        ({"auto_fail_recall": 0.9}, ["recall on auto-fails is unknown, asked for: 0.9"]),
        ({"kappa": 0.2}, [f"Cohen's kappa is 0.000 {FEW}, Gwet's AC1 0.200 {FEW}, asked for: 0.2"]),
    ],
)
def test_the_bar_names_what_is_missed(card: Scorecard, bar: dict[str, float], told: list[str]) -> None:
    found = measure(by_call({"a1": "no"}, {"a1": "no"}), by_call({"a1": "no"}, {"a1": "yes"}), card)
    least = {"calls": 0, "accuracy": 0.0, "kappa": 0.0, "fail_recall": 0.0, "auto_fail_recall": 0.0} | bar
    missed = Bar(**least).missed(found)
    assert len(missed) == len(told)
    assert all(expected in one for expected, one in zip(told, missed, strict=True))


def test_the_sample_labels_are_read(shipped: Scorecard) -> None:
    labels = load_labels(LABELS)
    assert labels[(DAY, "1008-not-verified.wav")]["identity_verified"] == "no"
    criteria = {criterion.id for criterion in shipped.criteria}
    assert all(set(of_call) == criteria for of_call in labels.values())


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("day,file,answer\n", "no column criterion"),
        (
            "day,file,criterion,answer\nMonday,a.wav,closing,yes\n",
            r":2: the day 'Monday' is none.*write it like",
        ),
        ("day,file,criterion,answer\n2026-11-16,a.wav,closing,\n", ":2: a cell is empty"),
        (
            "day,file,criterion,answer\n2026-11-16,a.wav,closing,yes\n2026-11-16,a.wav,closing,no\n",
            ":3: a.wav has two answers to closing",
        ),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "gold.csv"
    path.write_text(text)
    with pytest.raises(InvalidInput, match=told):
        load_labels(path)


def write(path: Path, *rows: str, head: str = "day,file,criterion,answer") -> Path:
    path.write_text("\n".join([head, *rows]) + "\n", "utf-8")
    return path


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("quoted", ["", '"'])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "byte order mark"])
def test_the_separator_is_the_headers(
    tmp_path: Path, separator: str, quoted: str, end: str, mark: str
) -> None:
    rows = [
        ("Day", "file", "who", "criterion", "answer"),
        ("2026-11-16", "1, 2.wav", "", "closing", "yes"),
        ("2026-11-16", "a.wav", "Ann", "closing", "no"),
    ]
    quoted = quoted or ('"' if separator == "," else "")
    text = "".join(separator.join(f"{quoted}{cell}{quoted}" for cell in row) + end for row in rows)
    path = tmp_path / "gold.csv"
    path.write_text(mark + text, "utf-8", newline="")
    assert load_labels(path) == {(DAY, "1, 2.wav"): {"closing": "yes"}, (DAY, "a.wav"): {"closing": "no"}}


def test_a_missing_column_is_named_whatever_the_separator(tmp_path: Path) -> None:
    for separator in ",;\t|":
        head = separator.join(("day", "file", "answer"))
        with pytest.raises(InvalidInput, match="have no column criterion: add it"):
            load_labels(write(tmp_path / "gold.csv", head=head))


SPELLINGS = {
    "yes": ["yes", "Yes", "YES", " YES ", "yEs"],
    "no": ["no", "No", "NO", "  no"],
    "partial": ["Partial", " PARTIAL "],
    "needs_work": ["needs_work", "Needs work", "needs-work", "NEEDS  WORK"],
    "NA": ["NA", "na", "n/a", "N/A", " n/a ", "N.A.", "n. a.", "not applicable", "Not-Applicable"],
    "CANNOT_DETERMINE": [
        "CANNOT_DETERMINE",
        "cannot_determine",
        "cannot determine",
        "Cannot Determine",
        "can't determine",
        "can’t determine",
        "cannot be determined",
    ],
}


@pytest.mark.parametrize(("key", "written"), [(key, one) for key, all_ in SPELLINGS.items() for one in all_])
def test_answers_are_read_however_people_write_them(tmp_path: Path, key: str, written: str) -> None:
    path = write(tmp_path / "gold.csv", f'2026-11-16,a.wav,closing,"{written}"')
    assert load_labels(path) == {(DAY, "a.wav"): {"closing": key}}


@pytest.mark.parametrize("written", ["yes!", "1", "0", "✓", "sí", "?", "-", "yes/no", "no, never", "x" * 40])
def test_what_cannot_be_an_answer_is_refused(tmp_path: Path, written: str) -> None:
    path = write(
        tmp_path / "gold.csv", "2026-11-16,a.wav,closing,yes", f'2026-11-16,b.wav,closing,"{written}"'
    )
    with pytest.raises(InvalidInput) as caught:
        load_labels(path)
    told = f"{path}:3: '{written}' is no answer: write the key of an option of the criterion, NA or CANNOT"
    assert told in str(caught.value)


@pytest.mark.parametrize(
    "written", ["./sub/a.wav", "sub\\a.wav", ".\\sub\\a.wav", "sub//a.wav", "/sub/a.wav", "sub/./a.wav"]
)
def test_files_are_named_as_discovery_names_them(tmp_path: Path, written: str) -> None:
    path = write(tmp_path / "gold.csv", f"2026-11-16,{written},closing,yes")
    assert list(load_labels(path)) == [(DAY, "sub/a.wav")]


@pytest.mark.parametrize("written", ["..", "../a.wav", "sub/../a.wav", ".", "/"])
def test_no_file_is_outside_the_days_folder(tmp_path: Path, written: str) -> None:
    path = write(tmp_path / "gold.csv", f"2026-11-16,{written},closing,yes")
    with pytest.raises(InvalidInput, match=r"gold\.csv:2: .* is no file of the day's folder"):
        load_labels(path)


def test_heads_and_criteria_are_read_in_any_case(tmp_path: Path) -> None:
    path = write(tmp_path / "gold.csv", "2026-11-16,a.wav,Closing,yes", head="Day, File ,CRITERION,answer")
    assert load_labels(path) == {(DAY, "a.wav"): {"closing": "yes"}}
    with pytest.raises(InvalidInput, match=r"gold\.csv:2: 'the closing' is no criterion"):
        load_labels(write(tmp_path / "gold.csv", "2026-11-16,a.wav,the closing,yes"))


def test_the_same_answer_written_in_two_ways_is_one(tmp_path: Path) -> None:
    rows = ["2026-11-16,a.wav,closing,No", "2026-11-16,./a.wav,closing,no"]
    assert load_labels(write(tmp_path / "gold.csv", *rows)) == {(DAY, "a.wav"): {"closing": "no"}}


def test_a_label_that_the_scorecard_cannot_answer_is_refused(tmp_path: Path, card: Scorecard) -> None:
    rows = ["2026-11-16,a.wav,a1,Partial", "2026-11-16,a.wav,b1,partial", "2026-11-16,a.wav,other,what_ever"]
    labels = load_labels(write(tmp_path / "gold.csv", *rows, "2026-11-17,b.wav,b1,n/a"))
    with pytest.raises(InvalidInput) as caught:
        measure(labels, {}, card)
    assert str(caught.value).splitlines() == [
        f"{tmp_path}/gold.csv:{line}: small 1 cannot answer b1 with '{answer}': "
        "write one of yes, no, CANNOT_DETERMINE."
        for line, answer in ((3, "partial"), (5, "NA"))
    ]
    a2 = load_labels(write(tmp_path / "gold.csv", "2026-11-16,a.wav,a2,n/a"))
    assert measure(a2, by_call({"a2": "NA"}), card).calls == 0


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        load_labels(tmp_path / "none.csv")


def test_a_spreadsheets_byte_order_mark_and_other_columns_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "gold.csv"
    path.write_text("by,day,file,criterion,answer\nKim,2026-11-16,a.wav,closing,yes\n", "utf-8-sig")
    assert load_labels(path) == {(DAY, "a.wav"): {"closing": "yes"}}
