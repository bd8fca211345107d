"""The page: its sections, and that nothing of a record is left out without a word."""

import re
from collections.abc import Callable

import pytest

from mechshift.baselines.report.page import page
from mechshift.baselines.report.records import Pairs
from mechshift.baselines.report.tables import row_table
from mechshift.baselines.structure.roster import CONTROLS, LOW, POST_TRAINED
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.record.task_record import FailedTask, TaskRecord

MakePairs = Callable[..., Pairs]


def headings(text: str) -> list[str]:
    return re.findall(r"^#+ (.+)$", text, re.M)


def section(text: str, heading: str) -> str:
    """What stands under a heading of the second rank."""
    return text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def words(text: str) -> str:
    return " ".join(text.split())


def test_sections_in_their_order(make_pairs: MakePairs) -> None:
    assert headings(page(make_pairs())) == [
        "Reference pairs: the paper's claims beside controls",
        "Summary",
        "1. What was compared",
        "2. The rows",
        "3. Overlap, task by task",
        "4. The claims",
        "Claim A: on local tasks the MDM retains the circuit of the ARM",
        "Claim B: on planning tasks it abandons that circuit and rewires",
        "Claim C: on planning tasks early layers do more, at least twice as much on Countdown",
        "Claim D: specialisation is sharp and localised in the ARM, and distributed in the MDM",
        "5. Task by task",
        "Ĵ at 100 edges",
        "Early shift",
        "Specialisation shift",
        "6. Seeds",
        "7. Without the ARM",
        "8. The claims over seeds",
        "The headline by seed",
        "9. What further training does, and what diffusion does",
        "10. Tasks beside each other",
    ]


def test_the_summary_has_a_sentence_for_every_claim_and_one_on_the_seeds(make_pairs: MakePairs) -> None:
    summary = section(page(make_pairs()), "Summary")
    assert re.findall(r"^\* (\S+)", summary, re.M) == [
        # What further training alone does stands first.
        *("Further", "**A**,", "**B1**,", "**B2**,", "**C**,", "**D1**,", "**D2**,"),
        *("**A**,", "**B**,", "**C**,", "**D**,", "For"),
    ]


def test_the_summary_follows_the_numbers(
    make_pairs: MakePairs, make_record: Callable[..., Record], make_task: Callable[..., TaskRecord]
) -> None:
    same = make_pairs().records["tiny-continued"].tasks
    pairs = make_pairs()
    equal = Pairs({pair: make_record(pair, same) for pair in pairs.records})
    summary = words(section(page(equal), "Summary"))
    assert (
        "own sizes (claimed: not less than the control's), *not distinguishable from the control* in 7 of 7"
        in summary
    )
    assert (
        "early shift, planning (claimed: above 0), *no more than further training* in 7 of 7 pairs" in summary
    )
    assert "*holds*" not in summary


def test_the_rows_are_there(make_pairs: MakePairs) -> None:
    pairs = make_pairs()
    assert row_table(pairs) in section(page(pairs), "2. The rows")


def test_the_setting_names_arm_and_protocol(make_pairs: MakePairs) -> None:
    setting = words(section(page(make_pairs()), "1. What was compared"))
    assert "digest 0123456789ab; 3 layers, 8 heads, 1,000 edges" in setting
    assert "Protocol v2@" in setting


def test_what_a_record_lacks_of_its_protocol_is_said(
    make_pairs: MakePairs, make_record: Callable[..., Record]
) -> None:
    short = make_record("tiny-block", reductions=("pool of ioi has 60 of 500 examples",))
    text = page(make_pairs({"tiny-block": short}))
    assert "* `tiny-block`: pool of ioi has 60 of 500 examples" in section(text, "1. What was compared")


def test_whole_records_lack_nothing(make_pairs: MakePairs) -> None:
    assert "Less than the protocol's whole" not in page(make_pairs())


@pytest.mark.parametrize(
    "heading", ["1. What was compared", "3. Overlap, task by task", "4. The claims", "5. Task by task"]
)
def test_a_task_that_failed_is_a_dash_with_its_reason(
    heading: str,
    make_pairs: MakePairs,
    make_record: Callable[..., Record],
    make_task: Callable[..., TaskRecord],
    make_failed_task: Callable[..., FailedTask],
) -> None:
    record = make_record("tiny", (make_task("ioi"),), (make_failed_task("countdown", "too few of them"),))
    found = section(page(make_pairs({"tiny": record})), heading)
    if heading == "1. What was compared":
        assert "–<sup>" not in found  # accuracies and pools are known of failed tasks too
    else:
        assert re.search(
            r"\| –<sup>\d</sup>.*<sup>\d</sup> (too few of them|no comparison on countdown)", found, re.S
        )


def test_the_same_records_give_the_same_page(make_pairs: MakePairs) -> None:
    assert page(make_pairs()) == page(make_pairs())


def test_lines_of_prose_are_no_wider_than_the_page(make_pairs: MakePairs) -> None:
    prose = [line for line in page(make_pairs()).splitlines() if not line.startswith(("|", "<sup>"))]
    assert max(map(len, prose)) <= 122


def test_links_within_the_page_lead_somewhere(make_pairs: MakePairs) -> None:
    text = page(make_pairs())
    anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings(text)}
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= anchors


def test_of_the_base_pair_and_its_control_alone_there_is_a_page_that_says_so(make_pairs: MakePairs) -> None:
    every = make_pairs()
    text = page(Pairs({pair: every.records[pair] for pair in ("tiny", "tiny-continued")}))
    assert headings(text) == headings(page(every))
    post_trained = [f"`{pair}`" for pair in POST_TRAINED[1:]]
    controls = [f"`{pair}`" for pair in (*CONTROLS[1:], LOW)]
    others = ", ".join([*post_trained, *controls])
    beginning, _, summary = words(text.partition("\n## 1. ")[0]).partition("## Summary")
    assert beginning.endswith(
        f"This page is not of all reference pairs: there is no record of {others} and `tiny-scratch`. "
    )
    assert "in 1 pair of one small ARM (`tiny`) and beside the control `tiny-continued`" in summary
    assert "different seeds" not in summary
    assert "of 1 pair;" in summary
    seeds = "`tiny-seed-2`, `tiny-seed-3`, `tiny-seed-4` and `tiny-seed-5`"
    assert summary.count(f"is not said: there is no record of {seeds}.") == 1
    claims = words(section(text, "4. The claims"))
    # Twelve quantities of one pair; by hand every claim's first row is that of the page of all.
    assert "not adjusted for the 12 that there are" in claims
    named = f"{', '.join(post_trained[:-1])} and {post_trained[-1]}"
    assert f"Not in the tables below: there is no record of {named}." in claims
    assert words(section(text, "6. Seeds")) == f"Left out: there is no record of {seeds}."
    assert words(section(text, "7. Without the ARM")) == "Left out: there is no record of `tiny-scratch`."


def test_what_needs_no_absent_pair_is_as_on_the_page_of_all(make_pairs: MakePairs) -> None:
    """Of one missing pair: its rows go, and a comparison of two others stays as it was, to the last byte."""
    every = make_pairs()
    without = page(Pairs({pair: each for pair, each in every.records.items() if pair != "tiny-block"}))
    for heading in ("5. Task by task", "6. Seeds", "7. Without the ARM"):
        assert section(without, heading) == section(page(every), heading)

    def rows(text: str) -> list[str]:
        lines = [re.sub(" +", " ", line) for line in section(text, "4. The claims").splitlines()]
        return [line for line in lines if line.startswith("|") and "---" not in line]

    assert rows(without) == [row for row in rows(page(every)) if "| `tiny-block` |" not in row]
    assert "tiny-block" not in without.replace("there is no record of `tiny-block`", "")
