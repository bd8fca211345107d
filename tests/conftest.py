"""Every test runs on one thread, from one seed, without a network and away from the user's own files."""

import atexit
import gc
import os
import resource
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mechshift.benchmark.admission.behaviour import Behaviour
    from mechshift.benchmark.pairs.pair import Pair
    from mechshift.benchmark.record.protocol import Protocol
    from mechshift.benchmark.record.record import Record
    from mechshift.tasks import Task

# Read when torch and huggingface_hub are first imported, and inherited by the commands that tests start.
_HOME = tempfile.mkdtemp(prefix="mechshift-tests-")
atexit.register(shutil.rmtree, _HOME, ignore_errors=True)
os.environ.update(
    HF_HOME=_HOME,
    HF_HUB_OFFLINE="1",
    MKL_NUM_THREADS="1",
    OMP_NUM_THREADS="1",
    TOKENIZERS_PARALLELISM="false",
)

# Nearly all objects of a process that tests are modules and collected tests, and live until it ends. To look
# for cycles among them as often as is done by default takes a third of collecting, and a tenth of many tests.
gc.set_threshold(100_000, 20, 20)


def pytest_collection_finish() -> None:
    """What is there before the first test is not looked through for cycles again."""
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Whatever is dear to build is built in one process."""
    from build.scheduling import Sharing

    return Sharing(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where several processes test, none is left with a long file at the end."""
    from build.scheduling import longest_first

    longest_first(items)


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Iterator[None]:
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        inet = self.family in (socket.AF_INET, socket.AF_INET6)
        if inet and address[0] != "127.0.0.1":  # where tests themselves may listen
            raise AssertionError(f"a test tried to connect to {address}")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield


@pytest.fixture(autouse=True)
def _seed() -> None:
    # The order of the tests must not matter; tests without torch need not pay for its import.
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.manual_seed(0)


@dataclass(frozen=True)
class Outcome:
    """What a command did: exit code, standard output, standard error."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="session")
def small() -> "Protocol":
    """The protocol `quick` on few examples and budgets: seconds on the reference pair."""
    from build.protocols import small_quick

    return small_quick()


@pytest.fixture(scope="session")
def tiny(_observed: "dict[str, Behaviour]") -> "Pair":
    """The embedded reference pair."""
    import mechshift
    import mechshift.benchmark.admission.checks

    with pytest.MonkeyPatch.context() as patch:
        _observe_once(_observed, patch)
        return mechshift.load("tiny", device="cpu")


@pytest.fixture(scope="session")
def measured(
    tiny: "Pair", small: "Protocol", tmp_path_factory: pytest.TempPathFactory
) -> "tuple[Record, Path]":
    """The record of a task of each suite, from a run that nothing disturbed, and the folder it lies in."""
    from mechshift.benchmark.run.run import run

    out = tmp_path_factory.mktemp("measured")
    return run(tiny, small, out, ["greater-than", "countdown"]), out


@pytest.fixture(autouse=True)
def _measured_stays_as_it_was(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test that adds to the run that others share, or takes from it, fails itself, and not the next one."""
    measured = request.getfixturevalue("measured") if "measured" in request.fixturenames else None
    folder = measured[1] if isinstance(measured, tuple) else None
    if not isinstance(folder, Path):  # none, or a file's own fixture of that name
        yield
        return
    before = set(folder.rglob("*"))
    yield
    assert set(folder.rglob("*")) == before, "copy the run before you change it"


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> "Callable[[Task], None]":
    """Makes the registry know a task, in the place of the one of its name if there is such a one."""
    from mechshift.tasks import registry

    def add(task: "Task") -> None:
        monkeypatch.setitem(registry._TASKS, task.card.name, task)

    return add


@pytest.fixture
def quick(small: "Protocol", monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the protocol that is called `quick` a small one."""
    monkeypatch.setattr("mechshift.benchmark.record.protocol._PROTOCOLS", {**_protocols(), "quick": small})


def _protocols() -> "dict[str, Protocol]":
    from mechshift.benchmark.record.protocol import list_protocols

    return {protocol.name: protocol for protocol in list_protocols()}


@pytest.fixture(scope="session")
def _observed() -> "dict[str, Behaviour]":
    """How MDMs that were loaded fill clozes, by all that it depends on."""
    return {}


@pytest.fixture
def observed_once(_observed: "dict[str, Behaviour]", monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Lets pairs that are loaded fill clozes once: that takes as long as a small run itself.

    Pairs of the same weights, tokens and declarations are one. Tests of the checks call `observe` itself.
    """
    return lambda: _observe_once(_observed, monkeypatch)


def _observe_once(observed: "dict[str, Behaviour]", patch: pytest.MonkeyPatch) -> None:
    checks: Any = sys.modules.get("mechshift.benchmark.admission.checks")
    if checks is None or hasattr(checks.observe, "observed"):
        return  # what loads no pair need not pay for the import of torch
    from mechshift.benchmark.run.provenance import subject_of

    observe = checks.observe

    def once(pair: "Pair") -> "Behaviour":
        key = repr((subject_of(pair), pair.named_masks))
        if key not in observed:
            observed[key] = observe(pair)
        return observed[key]

    once.observed = observed  # type: ignore[attr-defined]
    patch.setattr(checks, "observe", once)


@contextmanager
def _full_after(size: int) -> Iterator[None]:
    """No file can grow beyond a size in bytes: what a process sees of a disk that is full."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.fixture
def full_after() -> Callable[[int], AbstractContextManager[None]]:
    """A context in which no file can grow beyond a size in bytes."""
    return _full_after


@pytest.fixture
def bare(quick: None, small: "Protocol", monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes `quick` ask no more than a record must have, for tests that need any run."""
    asked = small.changed(
        beside=(), ablating=None, neurons=False, places=False, components=1, shuffled=2, crossed=2
    )
    monkeypatch.setattr("mechshift.benchmark.record.protocol._PROTOCOLS", {**_protocols(), "quick": asked})


@pytest.fixture
def command(
    quick: None,
    observed_once: Callable[[], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Callable[..., Outcome]:
    """Runs `mechshift` with arguments in an empty folder, the protocol `quick` being small.

    What a run says of its progress is left out, so that standard error holds what went wrong alone.
    """
    from mechshift.benchmark.run.progress import Silent

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("mechshift.benchmark.run.progress.choose_progress", lambda quiet: Silent())

    def run(*arguments: object) -> Outcome:
        from mechshift.benchmark.cli.main import main

        observed_once()
        monkeypatch.setattr("sys.argv", ["mechshift", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ending:
            main()
        return Outcome(int(ending.value.code or 0), *capfd.readouterr())

    return run
