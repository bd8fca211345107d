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
from build.protocols import small_quick
from mechshift.benchmark.pairs.checkpoint import find_checkpoint
from mechshift.benchmark.pairs.loading import Pair, open_pair
from mechshift.benchmark.pairs.spec import MemberSpec, declare_pair
from mechshift.benchmark.record.files import read_model
from mechshift.benchmark.record.protocol import Protocol
from mechshift.benchmark.record.record import Record

Hub = Any
Command = Callable[..., Any]
Write = Callable[..., Path]
# Stored in half precision, in which a CPU takes several times as long.
RUN = "run", "--task", "infilling", "--arm", "org/base", "--dtype", "float32"
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


@pytest.fixture(scope="module")
def small() -> Protocol:
    """Smaller than elsewhere: of a run no more is asked here than that it ends."""
    return small_quick(pool=6, minimum=2, grid=(0.001, 1.0), components=1, resamples=10, steps=1)


@pytest.fixture
def published(hub: Hub, tiny: Pair) -> Hub:
    """The hub with the reference pair; main of the MDM is the ARM, and v2 the MDM."""
    arm, mdm = Path(tiny.spec.arm.checkpoint), Path(tiny.spec.mdm.checkpoint)
    hub.add("org/base", arm)
    hub.add("org/diffusion", mdm, "v2").push(arm)
    return hub


@pytest.fixture
def random(hub: Hub, write: Write) -> Hub:
    """As `published`, with random weights, of which nothing is looked at but which they are."""
    arm, mdm = write("arm"), write("mdm", seed=1)
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
    done = command(*RUN, *pinned, "--out", tmp_path / "online")
    # Of the download nothing is said where there is no terminal.
    assert (done.code, "Fetching" in done.err, "model.safetensors" in done.err) == (0, False, False)
    published.forget()
    assert command(*RUN, "--mdm", "org/diffusion@v2", "--offline", "--out", tmp_path / "offline").code == 0
    assert published.requests == []
    online, offline = record_in(tmp_path / "online"), record_in(tmp_path / "offline")
    assert online.pair == offline.pair
    assert (offline.pair.arm.checkpoint, offline.pair.mdm.checkpoint) == ("org/base", "org/diffusion")
    assert offline.pair.arm.revision == published.repositories["org/base"].names["main"]
    assert offline.pair.mdm.revision == published.repositories["org/diffusion"].names["v2"]
    assert offline.pair.mdm.digest == tiny.mdm_provenance.digest


@pytest.mark.parametrize("trouble", SAYS)
def test_a_run_that_cannot_have_its_models(
    trouble: str, published: Hub, command: Command, down: Callable[[], None], tmp_path: Path
) -> None:
    repository = published.repositories["org/diffusion"]
    revision = "v9" if trouble == "revision" else "v2"
    if trouble in ("gated", "private"):
        setattr(repository, trouble, True)
    if trouble == "offline":
        find_checkpoint(MemberSpec("org/base"))
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


def test_a_pair_is_loaded_at_revisions(random: Hub, tmp_path: Path) -> None:
    commit = random.repositories["org/base"].names["main"]
    pair = mechshift.load("org/base", "org/diffusion", revision="v2", arm_revision=commit, device="cpu")
    assert pair.arm_provenance.revision == commit
    mdm = open_pair(declare_pair(tmp_path / "arm", tmp_path / "mdm"), "cpu").mdm_provenance
    assert pair.mdm_provenance.digest == mdm.digest
    again = mechshift.load(f"org/base@{commit}", "org/diffusion@v2", device="cpu", offline=True)
    assert again.spec == pair.spec
    assert again.mdm_provenance == pair.mdm_provenance


def test_the_librarys_own_variables_are_respected(
    random: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HF_HOME and HF_HUB_OFFLINE are read when a process starts, and so in one of its own."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "home" / "hub"))
    pair = mechshift.load("org/base", "org/diffusion@v2", device="cpu")
    random.forget()
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
    assert random.requests == []
