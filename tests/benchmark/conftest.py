from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch import Tensor

from build import asking, batches, checkpoints, evidence, exact, models, pairs, protocols, records
from build.tokenizers import LETTERS
from mechshift.benchmark.asking.encoding import Encoded
from mechshift.benchmark.circuits.batch import Batch
from mechshift.benchmark.compare.compare import Evidence
from mechshift.benchmark.pairs.member import Member
from mechshift.benchmark.pairs.pair import Pair
from mechshift.benchmark.record.protocol import Protocol
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.record.task_record import FailedTask, TaskRecord


@pytest.fixture(scope="session")
def member() -> Callable[..., Member]:
    """A random member over a few letters: `member(role, attention, shift, kind, vocabulary, seed)`."""

    def build(
        role: Any = "arm",
        attention: str = "causal",
        shift: bool = True,
        kind: str = "llama",
        vocabulary: int = len(LETTERS),
        seed: int = 0,
    ) -> Member:
        sizes = {"vocabulary": vocabulary, "positions": 32, "kv_heads": 2}
        return models.random_member(kind, attention, role=role, shift=shift, seed=seed, **sizes)

    return build


@pytest.fixture(scope="session")
def random_member() -> Callable[..., Member]:
    """A random member that `random_batch` can be asked of: `random_member(kind, attention, seed=)`."""
    sizes: dict[str, Any] = {"vocabulary": batches.VOCABULARY, "positions": 32, "mlp_width": 20, "experts": 3}
    return partial(models.random_member, **sizes)


@pytest.fixture
def make() -> Callable[..., Member]:
    """A member of the sizes of a random checkpoint: `make(kind, attention, role, shift, **changes)`."""

    def build(
        kind: str = "llama", attention: str = "causal", role: Any = "arm", shift: bool = True, **changes: Any
    ) -> Member:
        sizes = {"spread": 0.25, "frozen": True, "mask_id": 2, **checkpoints.sizes_of(kind, **changes)}
        return models.random_member(kind, attention, role=role, shift=shift, **sizes)

    return build


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes a random checkpoint and returns its directory: `write(name, kind, seed=, mask=, **changes)`."""

    def checkpoint(name: str, kind: str = "llama", **changes: Any) -> Path:
        return checkpoints.write_checkpoint(tmp_path / name, kind, **changes)

    return checkpoint


@pytest.fixture
def shard() -> Callable[[Path], list[str]]:
    return checkpoints.split_weights


@pytest.fixture(scope="session")
def random_batch() -> Callable[..., Batch]:
    return batches.random_batch


@pytest.fixture(scope="session")
def slow_run() -> Callable[..., tuple[Tensor, list[Tensor]]]:
    return exact.slow_run


@pytest.fixture(params=["gpt2", "llama"], scope="session")
def oracle(request: pytest.FixtureRequest) -> tuple[Member, Batch, dict[str, np.ndarray]]:
    """Member, batch and reference arrays of one oracle."""
    reference = batches.oracle_reference(request.param)
    return batches.oracle_member(request.param), batches.oracle_batch(reference), reference


@pytest.fixture(scope="session")
def raw_logits() -> Callable[..., Tensor]:
    return asking.raw_logits


@pytest.fixture(scope="session")
def plain_decode() -> Callable[..., tuple[tuple[int, ...], tuple[int, ...]]]:
    return asking.plain_decode


@pytest.fixture(scope="session")
def encoded() -> Callable[..., Encoded]:
    return asking.encoded


@pytest.fixture(scope="session")
def pair_of() -> Callable[..., Pair]:
    return pairs.pair_of


@pytest.fixture(scope="session")
def small_protocol() -> Callable[..., Protocol]:
    return protocols.small_protocol


@pytest.fixture(name="evidence", scope="session")
def _evidence() -> Callable[..., Evidence]:
    return evidence.evidence


@pytest.fixture
def make_record() -> Callable[..., Record]:
    """Make a whole record of protocol v2: `make_record(name, shift, protocol, tasks, failed, **changes)`."""
    return records.a_record


@pytest.fixture
def make_task() -> Callable[..., TaskRecord]:
    """Make a task's record: `make_task(name, suite)`."""
    return records.a_task


@pytest.fixture
def make_failed_task() -> Callable[..., FailedTask]:
    """Make the record of a task without a comparison: `make_failed_task(name, reason)`."""
    return records.a_failed_task
