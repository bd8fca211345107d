"""What the script plants, and the table of what verdicts say of it."""

import copy
from pathlib import Path
from typing import Any

import torch
from reliability import planted, planted_table

from build.heads import remove_head
from build.models import random_model
from build.records import a_comparison, a_function, a_record, a_task, number
from mechshift.benchmark.pairs.families import read_backbone
from mechshift.benchmark.verdict.verdict import judge


def judged(name: str, verdict: str, why: str = "") -> dict[str, Any]:
    return {"name": name, "verdict": verdict, "why": why}


def result(**changes: Any) -> dict[str, Any]:
    found = {
        "name": "a head added",
        "truth": {"ioi": "preserved", "article": "preserved", "countdown": "extended"},
        "truth_of_suites": None,
        "right_or": None,
        "tasks": [
            judged("ioi", "preserved"),
            judged("article", "undecided", "so close"),
            judged("countdown", "extended"),
        ],
        "suites": [judged("local", "preserved"), judged("planning", "undecided")],
    }
    return {**found, **changes}


def row(**changes: Any) -> str:
    return planted_table.planted_table([result(**changes)]).splitlines()[2]


def test_a_row_counts_right_verdicts_and_names_the_others() -> None:
    assert row() == (
        "| a head added | *preserved*; countdown: *extended* | 2 of 3 | – | article: *undecided* (so close) |"
    )


def test_suites_count_where_the_truth_is_about_them() -> None:
    assert "| 2 of 3 | 1 of 2 | planning: *undecided* (); article" in row(truth_of_suites="preserved")


def test_what_may_be_said_in_place_of_the_truth_counts_and_is_named() -> None:
    assert row(right_or="undecided").endswith(
        "or *undecided* | 3 of 3 | – | article: *undecided* (so close) |"
    )


def test_without_the_matching_verdicts_are_those_of_the_indices(tmp_path: Path) -> None:
    unlike = {"edges": number(0.5, 0.04), "standardised": number(0.45, 0.05)}
    comparison = a_comparison(structure={**a_comparison().structure, **unlike})
    function, matched = a_function(0.1, 0.1), a_function(0.97, 0.97)
    hosts = {
        host: getattr(function, host).model_copy(update={"matched": getattr(matched, host).compared})
        for host in ("arm", "mdm")
    }
    task = a_task("ioi", comparison=comparison, function=function.model_copy(update=hosts))
    record = a_record("moved", tasks=(task,))
    assert [one.verdict for one in judge(record).tasks] == ["same function, other edges"]
    assert planted.by_index(record, tmp_path)["ioi"] == "rebuilt"


def test_every_head_moves_and_the_model_stays_the_same() -> None:
    # As many layers and heads as the reference pairs have.
    first = read_backbone(random_model("llama", layers=6, heads=8, width=16, frozen=True))
    second = read_backbone(copy.deepcopy(first.model))
    planted.move_all_heads(second)
    ids = torch.arange(3, 11)[None]
    torch.testing.assert_close(
        *(each.model(input_ids=ids, use_cache=False).logits for each in (first, second))
    )
    for before, after in zip(first.layers, second.layers, strict=True):
        stayed = before.query.weight.reshape(8, -1) == after.query.weight.reshape(8, -1)
        assert not stayed.all(dim=1).any()


def test_a_removed_head_writes_nothing_and_all_others_what_they_wrote() -> None:
    first = read_backbone(random_model("llama", heads=4, frozen=True))
    second = read_backbone(copy.deepcopy(first.model))
    remove_head(second, 1, 2)
    before, after = (each.layers[1].output_weight.reshape(16, 4, 4) for each in (first, second))
    assert after[:, 2].abs().max() == 0
    assert torch.equal(before[:, [0, 1, 3]], after[:, [0, 1, 3]])
