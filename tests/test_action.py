"""The GitHub Action: its steps run here, in bash, with the files that GitHub gives them."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from build.records import a_comparison, a_record, a_task, number
from mechshift.benchmark.record.files import write_model
from mechshift.benchmark.record.summary import summarise

ACTION: dict[str, Any] = yaml.safe_load((Path(__file__).parent.parent / "action.yml").read_text("utf-8"))
STEPS = ACTION["runs"]["steps"]
CHECK = next(step for step in STEPS if step.get("id") == "check")


@dataclass(frozen=True)
class Done:
    """How a step ended, and what it told GitHub."""

    code: int
    out: str
    output: str
    summary: str


@pytest.fixture
def step(tmp_path: Path) -> Callable[..., Done]:
    """Runs the step that checks, as GitHub does: `bash -eo pipefail`, inputs in the environment."""
    commands = tmp_path / "bin"
    commands.mkdir()
    (commands / "mechshift").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m mechshift "$@"\n')
    (commands / "mechshift").chmod(0o755)
    for name, overlap in (("old", 0.75), ("new", 0.2)):
        tasks = (a_task("ioi", comparison=a_comparison((100, number(overlap, 0.05)))),)
        write_model(a_record(tasks=tasks, summary=summarise(tasks, ())), tmp_path / f"{name}.json")

    def run(**given: str) -> Done:
        inputs = {name: str(declared.get("default", "")) for name, declared in ACTION["inputs"].items()}
        values = inputs | given
        declared = {
            name: values[text.removeprefix("${{ inputs.").removesuffix(" }}")]
            for name, text in CHECK["env"].items()
        }
        github = {name: str(tmp_path / name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for path in github.values():
            Path(path).write_text("")
        path = f"{commands}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", CHECK["run"]],
            env={**os.environ, **declared, **github, "PATH": path, "GITHUB_ACTIONS": "true"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        output, summary = (Path(github[name]).read_text() for name in github)
        return Done(done.returncode, done.stdout + done.stderr, output, summary)

    return run


def test_a_record_that_is_no_worse_passes(step: Callable[..., Done], tmp_path: Path) -> None:
    done = step(record="old.json", against="old.json")
    assert (done.code, done.output) == (0, "verdict=no-regression\n"), done.out
    assert "Nothing was found wrong." in done.summary
    assert (tmp_path / "mechshift-check.xml").is_file()


def test_a_regression_fails_and_is_marked(step: Callable[..., Done]) -> None:
    done = step(record="new.json", against="old.json")
    assert (done.code, done.output) == (1, "verdict=regression\n"), done.out
    assert "::error title=overlap.ioi" in done.out
    assert "Ĵ of edges fell from 0" in done.summary


def test_inputs_are_never_commands_nor_options(step: Callable[..., Done], tmp_path: Path) -> None:
    for record in ("$(touch injected) `touch injected`; touch injected", "--help\nverdict=no-regression"):
        done = step(record=record, against="old.json")
        assert (done.code, done.output) == (3, "verdict=not-comparable\n"), done.out
    assert step(record="old.json", against="old.json", report="no.pdf").output == "verdict=usage\n"
    assert not (tmp_path / "injected").exists()


def test_no_input_stands_in_a_script_and_every_one_is_used() -> None:
    scripts = [step["run"] for step in STEPS]
    assert not any("${{" in script for script in scripts)
    used = {text.removeprefix("${{ inputs.").removesuffix(" }}") for text in CHECK["env"].values()}
    assert used | {"install"} == set(ACTION["inputs"])
    assert not any("uses" in step for step in STEPS)


def test_no_module_of_the_checked_out_folder_runs(tmp_path: Path) -> None:
    for name in ("pip", "mechshift", "setuptools"):
        (tmp_path / f"{name}.py").write_text("open('injected', 'w')")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    for step in STEPS:
        assert not re.search(r"python (?!-I )", step["run"])
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
    install = next(step["run"] for step in STEPS if "pip install" in step["run"])
    nowhere = {"PATH": path, "GITHUB_ACTION_PATH": str(tmp_path / "nowhere")}
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", install],
        env={**os.environ, **nowhere},
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert done.returncode != 0  # there is nothing to install
    assert not (tmp_path / "injected").exists()
