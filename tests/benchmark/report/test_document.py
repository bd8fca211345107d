"""The document: its sections, the records' numbers in them, and nothing of a file that becomes markup."""

import re
from pathlib import Path
from typing import Any

import pytest

from build.records import (
    TASKS,
    a_comparison,
    a_failed_task,
    a_function,
    a_member,
    a_pair,
    a_record,
    a_task,
    number,
)
from mechshift.benchmark.contrast.side import read_side
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.protocol import QUICK
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.report.document import Figure, document
from mechshift.benchmark.report.sources import Sources, check_sources, read_sources
from mechshift.errors import UsageError

ARM = {"digest": "0123abcd"}
ALIKE = {"edges": number(0.97, 0.01), "standardised": number(0.95, 0.02)}


def pair_of(name: str, ioi: float = 0.5, control: bool = False, **changes: Any) -> Record:
    tasks = []
    for task in TASKS:
        comparison = a_comparison(structure={**a_comparison().structure, **ALIKE})
        tasks.append(
            a_task(task, comparison=comparison, function=a_function(0.97, ioi if task == "ioi" else 0.95))
        )
    made = a_pair(name, arm=ARM, control=control)
    return a_record(name, tasks=tuple(tasks), **changes).model_copy(update={"pair": made})


def control_of(name: str = "continued") -> Record:
    return pair_of(name, 0.95, control=True)


def written(*records: Record, controls: tuple[Record, ...] = (), **options: Any) -> str:
    sides = tuple(map(read_side, records)), tuple(map(read_side, controls))
    found = Sources(*sides, seeds=options.pop("seeds", False))
    check_sources(found)
    return document(found, **options)


def section(text: str, heading: str) -> str:
    """What stands below a heading, up to the next one of its level."""
    level = heading.split(" ")[0]
    after = text.split(f"\n{heading}\n", 1)[1]
    return re.split(rf"\n#{{1,{len(level)}}} ", after, maxsplit=1)[0]


def test_sections_stand_in_their_order() -> None:
    found = re.findall(r"^## (.*)$", written(pair_of("pair"), controls=(control_of(),)), re.MULTILINE)
    assert found == ["Summary", "What was measured", "`pair`", "How to read the numbers", "Citation"]


def test_what_was_measured_names_every_model_once_and_how_to_do_it_again() -> None:
    record, other = pair_of("pair"), control_of()
    text = section(written(record, controls=(other,)), "## What was measured")
    for model in (record.pair.arm, record.pair.mdm, other.pair.mdm):
        assert len(re.findall(rf"\|\W*{re.escape(model.digest)}\W*\|", text)) == 1
    block = text.split("```text\n")[1].split("\n```")[0].splitlines()
    assert len(block) == 3
    assert block[-1] == "mechshift report pair --control continued"
    assert f"{record.pair.edges:,} edges" in text
    assert "v2@3" in text
    assert "Ann ·  and ·  Eve" in text or "Ann · and · Eve" in text


def test_the_verdict_has_every_number_that_decided_it() -> None:
    text = section(written(pair_of("pair"), controls=(control_of(),)), "### Verdict on `pair`")
    line = next(line for line in text.splitlines() if line.startswith("| `ioi`"))
    assert "*extended*" in line
    assert "attributable" in line
    assert r"τ\* of the ARM's circuit in the MDM 0.50 \[0.47, 0.53\] is below 0.80" in line
    assert r"τ\* of the ARM's circuit in the MDM less continued -0.45" in line
    assert "p-values are adjusted by Holm's method over all 10 tasks" in (" ".join(text.split()))


def test_without_a_control_it_says_so_first() -> None:
    text = written(pair_of("pair"))
    assert "* Control: none." in section(text, "## Summary")
    assert "Control: none. Nothing is attributed to the training." in text
    assert "attributable" not in section(text, "## Summary")


def test_an_undecided_verdict_shows_the_numbers_that_came_nearest() -> None:
    text = section(written(pair_of("pair", ioi=0.8)), "### Verdict on `pair`")
    line = next(line for line in text.splitlines() if line.startswith("| `ioi`"))
    assert "*undecided*" in line
    assert r"0.80 \[0.77, 0.83\] is not clearly" in line
    assert r"ρ 0.97 \[0.96, 0.98\] is above 0.80" in line


def test_a_headline_stands_beside_the_control() -> None:
    text = section(written(pair_of("pair"), controls=(control_of(),)), "### Headlines of `pair` by task")
    head, _, *rows = text[text.index("| ρ of edges, standardised") :].splitlines()
    assert [cell.strip() for cell in head.split("|")[1:-1]] == [
        "ρ of edges, standardised",
        "`pair`",
        "`continued` (control)",
    ]
    assert "0.95 [0.93, 0.97]" in rows[0]
    transfer = text[text.index("| transfer τ") :].splitlines()[2]
    assert [cell.strip() for cell in transfer.split("|")[1:-1]] == [
        "`ioi`",
        "0.97 [0.94, 1.00]",
        "0.50 [0.47, 0.53]",
        "0.95 [0.92, 0.98]",
    ]


def test_circuits_of_other_tasks_are_a_matrix_for_either_host() -> None:
    text = section(written(pair_of("pair")), "### Transfer and circuits of other tasks: `pair`")
    assert text.count("| asked") == 2
    first = next(line for line in text.splitlines() if line.startswith("| `induction`"))
    cells = [cell.strip() for cell in first.split("|")[1:-1]]
    assert cells[1] == "0.97 [0.94, 1.00]"
    assert cells[3] == "0.10"  # of ioi
    assert cells[4] == "0.90"  # its own


def test_what_is_missing_is_told_once_with_its_tasks() -> None:
    record = pair_of("pair", failed=())
    tasks = tuple(task for task in record.tasks if task.task != "sudoku")
    failed = (a_failed_task("sudoku", "too hard"),)
    text = written(record.model_copy(update={"tasks": tasks, "failed": failed}))
    found = " ".join(section(text, "### What could not be computed of `pair`").split())
    assert "`sudoku` gave no comparison: too hard." in found
    assert found.count("*too hard*") == 1
    assert "Ĵ of components" in found


def test_clusters_of_prompts_are_a_doubt() -> None:
    text = section(written(pair_of("pair")), "### Doubts about `pair`")
    told = "On `ioi` the prompts of the MDM may fall into 3 clusters by their scores (p = .010 by itself"
    assert told in text
    member = a_member(clean=2, early=0.62)
    calm = member.model_copy(update={"heterogeneity": {"p": number(0.4), "clusters": number(2)}})
    record = pair_of("pair")
    comparison = record.tasks[0].comparison.model_copy(update={"mdm": calm})
    tasks = (record.tasks[0].model_copy(update={"comparison": comparison}), *record.tasks[1:])
    other = section(written(record.model_copy(update={"tasks": tasks})), "### Doubts about `pair`")
    assert "On `ioi` the prompts of the MDM may fall" not in other


def test_differences_that_are_not_paired_are_a_doubt() -> None:
    text = section(written(pair_of("pair"), controls=(control_of(),)), "### Doubts about `pair`")
    assert "Differences from `continued` are not paired" in text


def test_seeds_have_a_verdict_together_and_means() -> None:
    pairs = [pair_of(f"seed-{index}", one) for index, one in enumerate((0.5, 0.52, 0.49))]
    others = tuple(pair_of(f"control-{index}", one, control=True) for index, one in enumerate((0.95, 0.96)))
    text = written(*pairs, controls=others, seeds=True)
    over = section(text, "## The verdict over seeds")
    assert "for another training and other prompts together" in " ".join(over.split())
    line = next(line for line in over.splitlines() if line.startswith("| `ioi`"))
    assert "*extended*" in line
    assert r"τ\* of the ARM's circuit in the MDM 0.50" in line
    side_by_side = section(text, "### Seed by seed")
    assert "`seed-0`" in side_by_side.splitlines()[1]
    assert "*Other trainings.* Over seeds" in text


def test_nothing_of_a_file_becomes_markup() -> None:
    bad = "a|b `c` <script>x</script> **d**\n# e [f](g)"
    record = pair_of("pair")
    pair = record.pair.model_copy(
        update={"name": bad, "confounds": (bad,), "movement": {bad: 0.5}, "tokenizer": bad}
    )
    arm = pair.arm.model_copy(update={"checkpoint": bad, "revision": "```\n# x"})
    environment = record.environment.model_copy(update={"platform": bad})
    spoiled = record.model_copy(
        update={
            "pair": pair.model_copy(update={"arm": arm}),
            "environment": environment,
            "reductions": (bad,),
        }
    )
    text = written(spoiled)
    outside = re.sub(r"^(`{3,})text\n.*?^\1$", "", text, flags=re.MULTILINE | re.DOTALL)
    assert "<script>" not in outside
    assert "# e" not in [line[:3] for line in outside.splitlines()]
    assert "**d**" not in outside
    assert "[f](g)" not in outside
    for line in outside.splitlines():
        if "script" in line and line.startswith("|"):
            assert r"a\|b" in line
    assert text.count("````text") == 1, "a fence is longer than any run of backticks within it"


def test_figures_are_linked_where_they_belong() -> None:
    figures = {"pair": [Figure("pair-v2-forest", "figures/pair-v2-forest.svg")]}
    text = written(pair_of("pair"), figures=figures)
    assert "![pair-v2-forest](<figures/pair-v2-forest.svg>)" in section(
        text, "### Headlines of `pair` by task"
    )


def test_the_same_records_give_the_same_text(tmp_path: Path) -> None:
    records = (pair_of("pair"), control_of())
    assert written(records[0], controls=records[1:]) == written(records[0], controls=records[1:])


def test_records_that_no_one_report_can_be_on_are_refused() -> None:
    with pytest.raises(UsageError, match="at least one record"):
        written()
    quick = pair_of("other").model_copy(update={"protocol": QUICK})
    with pytest.raises(UsageError, match=r"are of v2@3 and quick@6, and a report is on one protocol"):
        written(pair_of("pair"), quick)
    with pytest.raises(UsageError, match="2 records are of a pair that is called pair"):
        written(pair_of("pair"), pair_of("pair"))
    with pytest.raises(UsageError, match="is no control of pair"):
        written(pair_of("pair"), controls=(pair_of("other"),))
    with pytest.raises(UsageError, match="at least two records"):
        written(pair_of("pair"), seeds=True)


def test_a_control_stands_beside_the_pairs_of_its_arm_alone() -> None:
    record = pair_of("other")
    arm = record.pair.arm.model_copy(update={"digest": "another"})
    other = record.model_copy(update={"pair": record.pair.model_copy(update={"arm": arm})})
    text = written(pair_of("pair"), other, controls=(control_of(),))
    assert "Held against `continued`." in section(text, "### Verdict on `pair`")
    assert "Control: none." in section(text, "### Verdict on `other`")


def test_sides_in_memory_are_read_without_cells() -> None:
    found = read_sources([pair_of("pair")], [control_of()])
    assert [side.record.pair.name for side in found.every] == ["pair", "continued"]
    assert all(isinstance(side.undrawn, str) and side.undrawn for side in found.every)


def test_a_value_without_transfer_is_a_reason() -> None:
    record = pair_of("pair")
    lacking = a_function(Missing(missing="the margin is 0"), 0.9)
    tasks = (record.tasks[0].model_copy(update={"function": lacking}), *record.tasks[1:])
    text = written(record.model_copy(update={"tasks": tasks}))
    line = next(
        line for line in section(text, "### Verdict on `pair`").splitlines() if line.startswith("| `ioi`")
    )
    assert "the margin is 0" in line
