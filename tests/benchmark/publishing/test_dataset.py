"""The benchmark as a dataset repository: what `datasets` loads from it is what the generators give."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

import datasets
import pytest
import yaml
from huggingface_hub import DatasetCard

from mechshift.benchmark.publishing.dataset import dataset_files
from mechshift.benchmark.publishing.portions import draw_portions
from mechshift.benchmark.record.protocol import V2, Protocol
from mechshift.errors import UsageError
from mechshift.tasks import get_suite, get_task

BOTH: Any = ("evaluation", "training")
LOCAL = [
    ("ioi", "abc"),
    ("greater-than", "years"),
    ("induction", "six"),
    ("agreement", "phrase"),
    ("arithmetic", "three"),
]
OTHER_LEVELS = ["ioi-abb", "induction-twelve", "induction-digits"]
OTHER_LEVELS += ["arithmetic-two", "arithmetic-few-shot", "arithmetic-large"]
SUBSETS = [*(f"{task}-{level}" for task, level in LOCAL), *OTHER_LEVELS]


def rows(task: str, level: str, split: Any, n: int) -> list[dict[str, Any]]:
    """The generator's examples, as JSON would give them back."""
    examples = islice(get_task(task).examples(0, split, level), n)
    loaded: list[dict[str, Any]] = json.loads(json.dumps([asdict(example) for example in examples]))
    return loaded


def digest(examples: list[dict[str, Any]]) -> str:
    text = json.dumps(examples, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def metadata(files: Mapping[str, bytes]) -> dict[str, Any]:
    """The card's metadata, read by the Hub's own library."""
    found: dict[str, Any] = DatasetCard(files["README.md"].decode()).data.to_dict()
    return found


def names(files: Mapping[str, bytes]) -> set[str]:
    return {config["config_name"] for config in metadata(files)["configs"]}


@pytest.fixture(scope="module")
def local() -> dict[str, bytes]:
    """The local tasks at all levels, four examples a split."""
    return dataset_files(tuple(draw_portions(get_suite("local"), 4, 0, BOTH)), [V2])


@pytest.fixture(scope="module")
def folder(local: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    there = tmp_path_factory.mktemp("repository")
    for name, content in local.items():
        (there / name).parent.mkdir(parents=True, exist_ok=True)
        (there / name).write_bytes(content)
    return there


def load(folder: Path, subset: str, split: str, cache: Path) -> list[dict[str, Any]]:
    loaded: Any = datasets.load_dataset(str(folder), subset, split=split, cache_dir=str(cache))
    found: list[dict[str, Any]] = loaded.to_list()
    return found


def test_a_subset_is_a_task_at_a_level(folder: Path, tmp_path: Path) -> None:
    assert load(folder, "ioi-abb", "evaluation", tmp_path) == rows("ioi", "abb", "evaluation", 4)
    assert load(folder, "ioi-abb", "training", tmp_path) == rows("ioi", "abb", "training", 4)


def test_a_suite_is_its_tasks_one_after_the_other(folder: Path, tmp_path: Path) -> None:
    expected = [row for task, level in LOCAL for row in rows(task, level, "evaluation", 4)]
    assert load(folder, "v2-local", "evaluation", tmp_path) == expected


def test_the_files_are_one_a_split_and_the_card_and_the_list_of_tasks(local: dict[str, bytes]) -> None:
    data = {f"data/{subset}/{split}.parquet" for subset in SUBSETS for split in BOTH}
    assert set(local) == data | {"README.md", "eval.yaml"}


def test_the_card_has_what_the_hub_reads(local: dict[str, bytes]) -> None:
    found = metadata(local)
    assert (found["license"], found["language"]) == (["apache-2.0"], ["en"])
    assert found["size_categories"] == ["n<1K"]
    configs = {config["config_name"]: config["data_files"] for config in found["configs"]}
    assert set(configs) == {*SUBSETS, "v2-local"}
    assert configs["induction-six"] == [
        {"split": split, "path": [f"data/induction-six/{split}.parquet"]} for split in BOTH
    ]
    assert configs["v2-local"][0] == {
        "split": "evaluation",
        "path": [f"data/{task}-{level}/evaluation.parquet" for task, level in LOCAL],
    }


def test_the_card_has_versions_and_fingerprints(local: dict[str, bytes]) -> None:
    card = local["README.md"].decode()
    for task, level in LOCAL:
        fingerprint = digest(rows(task, level, "training", 4))
        version = 1 if task == "arithmetic" else 2
        assert f"| `{task}-{level}` | training | 4 | {version} | 0 | `{fingerprint}` |\n" in card
    assert "| `v2-local` | protocol v2, version 3 |" in card


def test_the_benchmarks_tasks_are_the_suites(local: dict[str, bytes]) -> None:
    found = yaml.safe_load(local["eval.yaml"])
    assert found["tasks"] == [{"id": "v2-local", "config": "v2-local", "split": "evaluation"}]
    assert (found["name"], found["evaluation_framework"]) == ("mechshift", "mechshift")
    extent = (
        "this dataset has the first 4 examples of each task; a run takes them in the same order until both "
        "models have solved 500, or until it has tried 5,000, or all that the task has."
    )
    assert f"v2-local: the local tasks of protocol v2, version 3; {extent}" in found["description"]
    assert f"`v2-local`: {extent}\n" in local["README.md"].decode()


def test_the_same_arguments_give_the_same_bytes(local: dict[str, bytes]) -> None:
    assert dataset_files(tuple(draw_portions(get_suite("local"), 4, 0, BOTH)), [V2]) == local


def test_a_suite_of_which_a_task_is_not_there_has_no_subset() -> None:
    portions = tuple(draw_portions([get_task("ioi"), get_task("agreement")], 2, 0, BOTH))
    files = dataset_files(portions, [V2])
    assert "eval.yaml" not in files
    assert names(files) == {"ioi-abc", "ioi-abb", "agreement-phrase"}


def of_another_version() -> Protocol:
    first, *others = V2.tasks
    return V2.changed(tasks=(first.model_copy(update={"version": first.version + 1}), *others))


def test_a_suite_of_another_version_has_no_subset() -> None:
    portions = tuple(draw_portions(get_suite("local"), 1, 0, ("evaluation",)))
    assert "v2-local" in names(dataset_files(portions, [V2]))
    assert "v2-local" not in names(dataset_files(portions, [of_another_version()]))


def test_examples_that_no_run_of_the_protocol_draws_are_no_suite() -> None:
    portions = tuple(draw_portions(get_suite("local"), 1, V2.sampling.seed + 1, ("evaluation",)))
    assert "v2-local" not in names(dataset_files(portions, [V2]))


def test_training_examples_alone_are_no_benchmark() -> None:
    files = dataset_files(tuple(draw_portions(get_suite("local"), 1, 0, ("training",))), [V2])
    assert "eval.yaml" not in files
    assert "v2-local" in names(files)


def test_a_level_that_a_task_does_not_have_is_an_error_before_any_example_is_drawn() -> None:
    with pytest.raises(UsageError, match="level 'abc' of task 'agreement'"):
        next(draw_portions([get_task("ioi"), get_task("agreement")], 2, 0, BOTH, "abc"))
