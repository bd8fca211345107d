"""The reference pairs as they lie in the repository: whole, small, of their recipes, able to do the tasks."""

import csv
import json
from dataclasses import asdict
from pathlib import Path

import pytest

from mechshift.baselines.structure.kept import kept_record
from mechshift.baselines.training.recipe import Recipe, list_recipes
from mechshift.benchmark.pairs.checkpoint import find_checkpoint
from mechshift.benchmark.pairs.registry import get_pair, list_pairs
from mechshift.benchmark.record.files import read_model
from mechshift.benchmark.record.protocol import V2, ProtocolTask
from mechshift.benchmark.record.record import Record
from mechshift.tasks import get_task

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "baselines" / "reference"
MEGABYTES_40 = 40 * 10**6
PROMISED = {"local": 0.90, "planning": 0.80}
KEPT = {name for name, listed in list_pairs().items() if listed.entry.kept}
"""Pairs with weights in the repository: one of each recipe."""
THERE = [recipe for recipe in list_recipes() if recipe.name in KEPT or (REFERENCE / recipe.name).is_dir()]
RECIPES = pytest.mark.parametrize("recipe", THERE, ids=lambda recipe: recipe.name)
LESS = {("arithmetic", "mdm"): 0.3}
"""Of a member that solves less of a task than is promised of the others."""


def stages(recipe: Recipe) -> list[str]:
    """The members that a pair's folder holds: the ARM of all of them is `tiny`'s."""
    return [*(["arm"] if recipe.name == "tiny" else []), recipe.second.role]


def record_of(name: str) -> Record:
    path = kept_record(REFERENCE / name)
    assert path is not None
    return read_model(path, Record)


def test_there_is_a_folder_of_each_recipe_and_none_of_anything_else() -> None:
    folders, names = {path.name for path in REFERENCE.iterdir()}, {recipe.name for recipe in list_recipes()}
    assert folders <= names
    assert KEPT & names <= folders
    assert {"tiny", "tiny-continued", "tiny-noshift", "tiny-block", "tiny-scratch"} <= KEPT


def test_together_they_are_small_enough_to_be_committed() -> None:
    assert sum(path.stat().st_size for path in REFERENCE.rglob("*") if path.is_file()) <= MEGABYTES_40


@RECIPES
def test_a_folder_holds_what_its_page_says_and_nothing_else(recipe: Recipe) -> None:
    folder = REFERENCE / recipe.name
    logs = {f"training-{stage}.csv" for stage in stages(recipe)}
    record = "record.json" if recipe.name == "tiny" else "record.json.gz"
    weights = stages(recipe) if recipe.name in KEPT else []
    expected = {"card.md", "curves.svg", record, "recipe.json", *logs, *weights}
    if recipe.name == "tiny":
        expected.add("record.robustness.json")
    assert {path.name for path in folder.iterdir()} == expected


@RECIPES
def test_a_pair_is_of_its_recipe(recipe: Recipe) -> None:
    kept = json.loads((REFERENCE / recipe.name / "recipe.json").read_text(encoding="utf-8"))
    assert kept == json.loads(json.dumps(asdict(recipe)))


@RECIPES
def test_a_log_ends_at_the_last_step_and_the_card_has_its_accuracies(recipe: Recipe) -> None:
    card = (REFERENCE / recipe.name / "card.md").read_text(encoding="utf-8")
    assert f"python -m mechshift.baselines.training {recipe.name} --out" in card
    for stage in stages(recipe):
        log = (REFERENCE / recipe.name / f"training-{stage}.csv").read_text(encoding="utf-8")
        last = list(csv.DictReader(log.splitlines()))[-1]
        planned = recipe.arm if stage == "arm" else recipe.second.optimisation
        assert int(last["step"]) == planned.steps
        shares = " | ".join(f"{100 * float(last[name]):.1f} %" for name in recipe.mixture)
        assert f"| `{stage}` | {planned.steps} | {shares} |" in card


@RECIPES
def test_all_members_share_one_tokenizer(recipe: Recipe) -> None:
    if recipe.name not in KEPT:
        assert not (REFERENCE / recipe.name / recipe.second.role).exists()
        return
    arm = (REFERENCE / "tiny" / "arm" / "tokenizer.json").read_bytes()
    assert (REFERENCE / recipe.name / recipe.second.role / "tokenizer.json").read_bytes() == arm


@RECIPES
def test_a_record_is_of_the_tasks_protocol_and_weights_that_are_here(
    recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    record = record_of(recipe.name)
    assert record.pair.name == recipe.name
    assert record.pair.control == (recipe.second.role == "control")
    assert record.protocol == V2
    assert {task.task: (task.version, task.level) for task in record.results} == {
        task.name: (task.version, task.level) for task in V2.tasks
    }
    assert record.pair.arm.digest == find_checkpoint(get_pair("tiny").arm).digest()
    if recipe.name in KEPT:
        assert record.pair.mdm.digest == find_checkpoint(get_pair(recipe.name).mdm).digest()


@pytest.mark.parametrize("task", V2.tasks, ids=lambda task: task.name)
def test_both_members_of_tiny_do_the_tasks(task: ProtocolTask) -> None:
    (found,) = (one for one in record_of("tiny").tasks if one.task == task.name)
    promised = PROMISED[get_task(task.name).card.suite]
    for member, behaviour in (("arm", found.pool.arm), ("mdm", found.pool.mdm)):
        assert behaviour.solved / behaviour.tried >= LESS.get((task.name, member), promised)
