"""`mechshift export` from its arguments to the files it writes, and what it refuses."""

import json
import os
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from build.boards import a_submitted_record, write_manifest, write_submission
from build.records import a_pair, a_record
from mechshift.benchmark.record.files import write_model
from mechshift.benchmark.record.protocol import QUICK
from mechshift.benchmark.record.record import Record

Command = Callable[..., Any]

HUB = ("--to", "hub", "--dataset", "example/mechshift", "--out", "out")
STORE = ("--to", "every-eval-ever", "--model", "example/tiny", "--evaluator", "A", "--relationship", "other")
LOCAL = Path("out") / ".eval_results" / "mechshift-v2-local.yaml"
PLANNING = Path("out") / ".eval_results" / "mechshift-v2-planning.yaml"


def kept(path: str, **changes: Any) -> Record:
    record = a_record(**{"pair": a_pair("tiny", mdm={"revision": None}), **changes})
    write_model(record, Path(path))
    return record


def entry(path: Path) -> dict[str, Any]:
    ((found),) = yaml.safe_load(path.read_text(encoding="utf-8"))
    loaded: dict[str, Any] = found
    return loaded


def test_a_record_becomes_a_file_for_each_suite(command: Command) -> None:
    kept("r.json")
    done = command("export", "r.json", *HUB, "--url", "https://example.org", "--made", "2026-11-29")
    assert (done.code, done.out.splitlines(), done.err) == (0, [str(LOCAL), str(PLANNING)], "")
    assert entry(LOCAL)["value"] == 0.9  # its similarity ρ
    assert entry(LOCAL)["date"] == "2026-11-29"
    assert entry(LOCAL)["source"]["url"] == "https://example.org"
    assert "UNOFFICIAL" not in entry(LOCAL)["notes"]


def test_the_same_command_gives_the_same_files_and_says_the_same(command: Command) -> None:
    kept("r.json")
    first = command("export", "r.json", *HUB, "--json")
    content = LOCAL.read_bytes()
    assert command("export", "r.json", *HUB, "--json") == first
    assert LOCAL.read_bytes() == content
    assert json.loads(first.out) == [{"path": str(LOCAL)}, {"path": str(PLANNING)}]


def test_files_that_differ_are_kept_unless_they_are_to_be_replaced(command: Command) -> None:
    kept("r.json")
    command("export", "r.json", *HUB)
    before = LOCAL.read_bytes()
    refused = command("export", "r.json", *HUB, "--made", "2026-11-29")
    assert refused.code == 2
    assert "already exists and differs" in refused.err
    assert LOCAL.read_bytes() == before
    assert command("export", "r.json", *HUB, "--made", "2026-11-29", "--overwrite").code == 0
    assert entry(LOCAL)["date"] == "2026-11-29"


def test_a_record_that_no_board_takes_is_refused_with_the_reason(command: Command, tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    kept("secret/r.json", protocol=QUICK)
    done = command("export", "secret/r.json", *HUB)
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "mechshift: no board takes this record: its protocol is quick\n"
        "run the pair under v2 in full; each task needs 500 examples that both models solve; "
        "or give --unofficial to have it marked\n"
    )
    assert not Path("out").exists()


def test_it_is_marked_where_it_is_published_all_the_same(command: Command, tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    kept("secret/r.json", reductions=("task sudoku is not in it",))
    assert command("export", tmp_path / "secret" / "r.json", *HUB, "--unofficial").code == 0
    assert entry(LOCAL)["notes"].startswith(
        "UNOFFICIAL, not comparable with a board's results: it does not cover protocol v2: task sudoku is not"
    )
    # Where the record lay is nobody's business.
    assert "secret" not in LOCAL.read_text(encoding="utf-8")


def test_a_submission_has_its_record_and_its_day(command: Command) -> None:
    folder = write_submission(Path("board"), a_submitted_record("tiny"), date(2026, 11, 28))
    done = command("export", folder, *HUB)
    assert (done.code, done.err) == (0, "")
    assert entry(LOCAL)["date"] == "2026-11-28"
    content = LOCAL.read_bytes()
    packed = shutil.make_archive("2026-11-28-tiny-v2", "zip", "board", folder.name)
    assert command("export", Path(packed).name, *HUB).code == 0
    assert LOCAL.read_bytes() == content


def test_a_submission_that_is_not_its_manifests_is_refused(command: Command) -> None:
    folder = write_submission(Path("board"), a_submitted_record("tiny"))
    record = folder / "record.json"
    record.write_text(record.read_text().replace("tiny", "tony", 1))
    done = command("export", folder, *HUB)
    assert (done.code, done.out) == (2, "")
    assert "record.json is not what its manifest says" in done.err


def test_a_record_of_a_submission_is_strict_json_and_any_other_has_a_size(command: Command) -> None:
    folder = write_submission(Path("board"), a_submitted_record("tiny"))
    record = folder / "record.json"
    record.write_text(record.read_text().replace("{", '{"pair": 1,', 1))
    write_manifest(folder)
    kept("good.json")
    for arguments in (("export", folder, *HUB), ("leaderboard", "board"), ("compare", folder, folder)):
        done = command(*arguments)
        assert (done.code, "'pair' is there twice in one object" in done.err) == (3, True)
    os.truncate("good.json", 2**23 + 1)
    for arguments in (("export", "good.json", *HUB), ("show", "good.json"), ("compare", folder, "good.json")):
        assert command(*arguments).code == 3
    assert "good.json has 8,388,609 bytes" in command("show", "good.json").err


def test_a_folder_without_a_record_is_no_submission(command: Command) -> None:
    Path("empty").mkdir()
    done = command("export", "empty", *HUB)
    assert done.code == 2
    assert "empty is a folder without record.json" in done.err


def test_the_store_gets_a_file_of_its_own(command: Command) -> None:
    kept("r.json")
    done = command("export", "r.json", *STORE, "--made", "2026-11-29", "-o", "store")
    assert (done.code, done.err) == (0, "")
    (path,) = Path("store").rglob("*.json")
    assert path.parent == Path("store/data/mechshift/example/tiny")
    assert done.out == f"{path}\n"
    log = json.loads(path.read_text(encoding="utf-8"))
    assert log["source_metadata"]["evaluator_relationship"] == "other"


@pytest.mark.parametrize("day", ["29.11.2026", "2026-02-30", "yesterday"])
def test_what_is_no_day_is_an_error(command: Command, day: str) -> None:
    kept("r.json")
    done = command("export", "r.json", *HUB, "--made", day)
    assert done.code == 2
    assert "is no day" in done.err
