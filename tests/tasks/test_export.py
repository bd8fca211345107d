import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from datasets import Dataset

from mechshift.errors import OutputError, UsageError
from mechshift.tasks import Example, get_task, list_tasks
from mechshift.tasks.export import fingerprint, to_dataset, write_parquet
from mechshift.tasks.wording import PromptRole

Draw = Callable[..., tuple[Example, ...]]
TASKS = [task.card.name for task in list_tasks()]


def rows(examples: tuple[Example, ...]) -> list[dict[str, Any]]:
    """The examples as JSON would give them back: lists for tuples."""
    loaded: list[dict[str, Any]] = json.loads(json.dumps([asdict(example) for example in examples]))
    return loaded


@pytest.mark.parametrize("name", TASKS)
def test_a_data_set_holds_the_examples_and_the_card(name: str, drawn: Draw) -> None:
    task = get_task(name)
    found = to_dataset(task, 20, seed=0)
    assert found.to_list() == rows(drawn(name, 20))
    assert str(found.split) == "evaluation"
    assert found.info.license == task.card.licence
    assert found.info.config_name == task.card.default_level
    described = json.loads(found.info.description)
    assert described["card"] == json.loads(json.dumps(asdict(task.card)))
    assert (described["seed"], described["split"]) == (0, "evaluation")
    assert described["level"] == task.card.default_level


@pytest.mark.parametrize("name", TASKS)
def test_a_file_holds_the_examples_and_the_card(name: str, tmp_path: Path, drawn: Draw) -> None:
    task = get_task(name)
    path = write_parquet(tmp_path / "examples.parquet", task, 20, 0, "training")
    table = pyarrow.parquet.read_table(path)
    assert table.to_pylist() == rows(drawn(name, 20, "training"))
    described = json.loads(table.schema.metadata[b"mechshift"])
    assert described["card"]["version"] == task.card.version
    assert described["split"] == "training"
    assert described["fingerprint"] == fingerprint(drawn(name, 20, "training"))


def test_a_file_is_read_by_datasets(tmp_path: Path) -> None:
    task = get_task("infilling")
    path = write_parquet(tmp_path / "examples.parquet", task, 5, 0)
    found = Dataset.from_parquet(str(path), cache_dir=str(tmp_path / "cache"))
    assert found.to_list() == to_dataset(task, 5, 0).to_list()


def test_another_level_is_said(tmp_path: Path) -> None:
    found = to_dataset(get_task("ioi"), 5, 0, level="abb")
    assert found.info.config_name == "abb"
    assert json.loads(found.info.description)["level"] == "abb"


def test_the_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    first = write_parquet(tmp_path / "a.parquet", get_task("ioi"), 20, 0).read_bytes()
    script = (
        "import sys; from mechshift.tasks import get_task; from mechshift.tasks.export import write_parquet; "
        "write_parquet(sys.argv[1], get_task('ioi'), 20, 0)"
    )
    other = tmp_path / "b.parquet"
    environment = os.environ | {"PYTHONHASHSEED": "7"}
    subprocess.run([sys.executable, "-c", script, str(other)], check=True, env=environment)
    assert other.read_bytes() == first
    assert write_parquet(tmp_path / "c.parquet", get_task("ioi"), 20, 1).read_bytes() != first


def test_the_same_arguments_give_the_same_fingerprint() -> None:
    task = get_task("greater-than")
    first, again, other = (to_dataset(task, 5, seed)._fingerprint for seed in (0, 0, 1))
    assert first == again != other


def test_fingerprint_of_an_example_by_hand() -> None:
    example = Example(
        *("é a", "b", " c", " d", "v", "t", ("k",)),
        copied=(1,),
        roles=(PromptRole("r", 0, 1),),
        factors=(("f", "g"),),
    )
    text = (
        '[{"answer":" c","answers":[],"clean":"é a","contents":["k"],"copied":[1],"corrupted":"b",'
        '"factors":[["f","g"]],"foil":" d","foils":[],"in_place":null,"metric":"logit difference",'
        '"roles":[{"end":1,"name":"r","start":0}],"template":"t","variant":"v"}]'
    )
    assert fingerprint([example]) == hashlib.sha256(text.encode()).hexdigest()
    assert fingerprint([replace(example, foil=" e")]) != fingerprint([example])


def test_fingerprint_depends_on_the_order(drawn: Draw) -> None:
    a, b = drawn("ioi", 2)
    assert fingerprint([a, b]) != fingerprint([b, a])


@pytest.mark.parametrize(
    ("arguments", "problem", "remedy"),
    [
        ({"n": 0}, "0 examples of task 'ioi' were asked for", "at least one"),
        ({"split": "trainin"}, "unknown split 'trainin'", "did you mean training?"),
        ({"level": "abd"}, "level 'abd' of task 'ioi' does not exist", "abc"),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], problem: str, remedy: str, tmp_path: Path) -> None:
    given = {"n": 5, "seed": 0} | arguments
    for call in (to_dataset, lambda *a, **k: write_parquet(tmp_path / "x.parquet", *a, **k)):
        with pytest.raises(UsageError) as error:
            call(get_task("ioi"), **given)
        assert error.value.problem == problem
        assert remedy in error.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_more_examples_than_there_are(drawn: Draw) -> None:
    one = drawn("ioi", 1)[0]
    task = replace(get_task("ioi"), draw=lambda given: one)
    with pytest.raises(UsageError, match="has 1 evaluation examples at level 'abc', not 2"):
        to_dataset(task, 2, 0)


def test_a_path_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "x.parquet", tmp_path):
        with pytest.raises(OutputError, match="cannot be written"):
            write_parquet(path, get_task("ioi"), 5, 0)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_full_disk_leaves_the_old_file(
    tmp_path: Path, full_after: Callable[[int], AbstractContextManager[None]]
) -> None:
    path = tmp_path / "x.parquet"
    path.write_text("old")
    with full_after(1000), pytest.raises(OutputError, match="File too large"):
        write_parquet(path, get_task("ioi"), 50, 0)
    assert path.read_text() == "old"
    assert [found.name for found in tmp_path.iterdir()] == ["x.parquet"]


def test_drawing_examples_does_not_import_datasets() -> None:
    code = "import sys, mechshift.tasks.export; print({'datasets', 'pyarrow', 'torch'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
