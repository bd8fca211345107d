"""`mechshift run` and `mechshift.load` on hub models, the reference pair being served as one."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import constants

import mechshift
from mechshift.benchmark.pairs.loading import Pair
from mechshift.benchmark.record.files import read_model
from mechshift.benchmark.record.record import Record

Hub = Any
Command = Callable[..., Any]
RUN = "run", "--task", "infilling", "--arm", "org/base"
SAYS = {
    "gated": (
        "'org/diffusion' at revision 'v2' is gated",
        "https://huggingface.co/org/diffusion",
        "hf auth login",
    ),
    "private": ("no directory and no hub model 'org/diffusion'", "check the spelling", "hf auth login"),
    "revision": (
        "the hub has no 'org/diffusion' at revision 'v9'",
        "https://huggingface.co/org/diffusion/commits",
    ),
    "offline": (
        "has no hub model 'org/diffusion' at revision 'v2' (offline)",
        "hf download org/diffusion --revision v2",
    ),
    "down": ("has no hub model 'org/base'", "could not be reached"),
}


@pytest.fixture
def published(hub: Hub, tiny: Pair) -> Hub:
    """The hub with the reference pair; main of the MDM is the ARM, and v2 the MDM."""
    arm, mdm = Path(tiny.spec.arm.checkpoint), Path(tiny.spec.mdm.checkpoint)
    hub.add("org/base", arm)
    hub.add("org/diffusion", mdm, "v2").push(arm)
    return hub


def record_in(folder: Path) -> Record:
    (path,) = folder.glob("*.json")
    return read_model(path, Record)


def test_a_run_names_the_commits_online_and_offline(
    published: Hub, command: Command, tiny: Pair, tmp_path: Path
) -> None:
    pinned = "--mdm", "org/diffusion", "--revision", "v2"
    assert command(*RUN, *pinned, "--out", tmp_path / "online").code == 0
    published.forget()
    assert command(*RUN, "--mdm", "org/diffusion@v2", "--offline", "--out", tmp_path / "offline").code == 0
    assert published.requests == []
    online, offline = record_in(tmp_path / "online"), record_in(tmp_path / "offline")
    assert online.pair == offline.pair
    assert (offline.pair.arm.checkpoint, offline.pair.mdm.checkpoint) == ("org/base", "org/diffusion")
    assert offline.pair.arm.revision == published.repositories["org/base"].names["main"]
    assert offline.pair.mdm.revision == published.repositories["org/diffusion"].names["v2"]
    assert offline.pair.mdm.digest == tiny.mdm_provenance.digest


def test_a_run_says_nothing_of_the_download_where_there_is_no_terminal(
    published: Hub, command: Command
) -> None:
    done = command(*RUN, "--mdm", "org/diffusion@v2")
    assert (done.code, "Fetching" in done.err, "model.safetensors" in done.err) == (0, False, False)


@pytest.mark.parametrize("trouble", SAYS)
def test_a_run_that_cannot_have_its_models(
    trouble: str, published: Hub, command: Command, down: Callable[[], None], tmp_path: Path
) -> None:
    repository = published.repositories["org/diffusion"]
    revision = "v9" if trouble == "revision" else "v2"
    if trouble in ("gated", "private"):
        setattr(repository, trouble, True)
    if trouble == "offline":
        mechshift.load("org/base", "org/base", control=True)
    if trouble == "down":
        down()
    offline = ["--offline"] if trouble == "offline" else []
    done = command(
        *RUN, "--mdm", "org/diffusion", "--revision", revision, *offline, "--out", tmp_path / "out"
    )
    assert (done.code, done.out) == (2, "")
    assert "Traceback" not in done.err
    for text in SAYS[trouble]:
        assert text in done.err
    assert not (tmp_path / "out").exists()


def test_a_pair_is_loaded_at_revisions(published: Hub, tiny: Pair) -> None:
    commit = published.repositories["org/base"].names["main"]
    pair = mechshift.load("org/base", "org/diffusion", revision="v2", arm_revision=commit, device="cpu")
    assert pair.arm_provenance.revision == commit
    assert pair.mdm_provenance.digest == tiny.mdm_provenance.digest
    again = mechshift.load(f"org/base@{commit}", "org/diffusion@v2", device="cpu", offline=True)
    assert again.spec == pair.spec
    assert again.mdm_provenance == pair.mdm_provenance


def test_the_librarys_own_variables_are_respected(
    published: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HF_HOME and HF_HUB_OFFLINE are read when a process starts, and so in one of its own."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "home" / "hub"))
    pair = mechshift.load("org/base", "org/diffusion@v2", device="cpu")
    published.forget()
    load = (
        "import mechshift\n"
        "pair = mechshift.load('org/base', 'org/diffusion@v2', device='cpu')\n"
        "print(pair.arm_provenance.revision, pair.mdm_provenance.revision)"
    )
    variables = {"HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "1", "HF_ENDPOINT": constants.ENDPOINT}
    done = subprocess.run(
        [sys.executable, "-c", load],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [pair.arm_provenance.revision, pair.mdm_provenance.revision]
    assert published.requests == []
