"""Which rules can be written, and when they hold."""

import pytest

from build.records import a_record, a_task, number
from build.resampled import a_resampled_record, draw_prompts
from mechshift.benchmark.contrast.comparison import RecordComparison, compare_records
from mechshift.benchmark.contrast.rules import FailureRule, find_failures, parse_rule
from mechshift.errors import NotComputable, UsageError


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("overlap_planning < -0.05", ("overlap_planning", None, "<", -0.05)),
        ("overlap_planning<−.05", ("overlap_planning", None, "<", -0.05)),
        ("accuracy_mdm.ioi < 0", ("accuracy_mdm", "ioi", "<", 0)),
        (" overlap . greater-than  > 1e-1 ", ("overlap", "greater-than", ">", 0.1)),
        ("overlap_shift > +2", ("overlap_shift", None, ">", 2)),
    ],
)
def test_rules_are_read(text: str, rule: tuple[str, str | None, str, float]) -> None:
    found = parse_rule(text)
    assert (found.quantity, found.task, found.side, found.bound) == rule
    assert found.text == " ".join(text.split())


def test_any_is_a_rule() -> None:
    assert parse_rule(" any ") == FailureRule("any", "any")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "overlap_planning",
        "overlap_planning < ",
        "overlap_planning <= 0",
        "0 > overlap_planning",
        "overlap_planning < 0.1.2",
        "overlap_planning < nan",
        "overlap_planning < 1e999",
        "overlap_planning < __import__('os')",
        "overlap_planning < 0 and any",
        "any < 0",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_rule(text)
    assert refused.value.exit_code == 2


def test_near_names_are_offered() -> None:
    with pytest.raises(UsageError, match="did you mean overlap_planning"):
        parse_rule("overlap_planing < 0")
    with pytest.raises(UsageError, match=r"name the task too: jaccard\.TASK"):
        parse_rule("jaccard < 0")
    with pytest.raises(UsageError, match="did you mean jaccard"):
        parse_rule("jacard.ioi < 0")


def compared(lower: float) -> RecordComparison:
    """B's Ĵ on countdown is lower, with an interval of ± .1 on each side of either."""
    from build.records import a_comparison
    from mechshift.benchmark.record.summary import summarise

    def record(overlap: float):  # type: ignore[no-untyped-def]
        task = a_task("countdown", comparison=a_comparison((100, number(overlap, 0.1))))
        tasks = (a_task("ioi"), task)
        return a_record(tasks=tasks, summary=summarise(tasks, ()))

    return compare_records(record(0.7), record(0.7 - lower))


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        # B − A = −.3, ± .1414 by MOVER: −.4414 to −.1586
        ("overlap.countdown < 0", True),
        ("overlap.countdown < -0.158", True),
        ("overlap.countdown < -0.159", False),
        ("overlap.countdown > -0.442", True),
        ("overlap.countdown > -0.441", False),
        ("overlap_planning < -0.158", True),
        ("overlap_planning > 0", False),
        ("overlap.ioi < 0", False),
    ],
)
def test_a_rule_holds_where_the_whole_interval_lies_beyond_its_bound(rule: str, holds: bool) -> None:
    findings = find_failures([parse_rule(rule)], compared(0.3))
    assert bool(findings) == holds
    if holds and "0.158" in rule:
        assert findings[0].check == rule
        assert findings[0].problem == "B − A is -0.30 [-0.44, -0.16], all of it below -0.158"


def test_any_asks_for_more_than_chance_among_all() -> None:
    assert find_failures([parse_rule("any")], compared(0.15)) == ()  # its own interval is below 0
    assert find_failures([parse_rule("overlap.countdown < 0")], compared(0.15))
    found = find_failures([parse_rule("any")], compared(0.4))
    assert [one.place for one in found] == ["overlap_planning", "overlap_shift", "overlap.countdown"]
    same = a_resampled_record({"ioi": draw_prompts(0)})
    assert find_failures([parse_rule("any")], compare_records(same, same)) == ()


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ("overlap_nodes.ioi < 0", "there is no difference of overlap_nodes.ioi: A and B: the ceiling"),
        ("edges.ioi < 0", "edges.ioi has no interval"),
    ],
)
def test_what_cannot_be_judged_does_not_pass(rule: str, reason: str) -> None:
    with pytest.raises(NotComputable, match=reason):
        find_failures([parse_rule(rule)], compared(0.3))


def test_an_unknown_task_is_told_with_near_names() -> None:
    with pytest.raises(UsageError, match="did you mean countdown"):
        find_failures([parse_rule("overlap.count-down < 0")], compared(0.3))
