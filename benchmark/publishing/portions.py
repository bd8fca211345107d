"""The examples of a benchmark repository, by file, and the subsets under which they are loaded."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ...tasks import Split, Task, get_task
from ...tasks.export import METADATA_KEY, to_parquet
from ..record.protocol import Protocol
from ..record.summary import SUITES
from .publication import suite_id


@dataclass(frozen=True)
class Portion:
    """The first examples of one split of a task at a level: their number and fingerprint, and the file."""

    task: Task
    level: str
    split: Split
    seed: int
    examples: int
    fingerprint: str
    content: bytes

    @property
    def subset(self) -> str:
        """The name of the subset that task and level are."""
        return f"{self.task.card.name}-{self.level}"

    @property
    def path(self) -> str:
        """The file's path in the repository."""
        return f"data/{self.subset}/{self.split}.parquet"


@dataclass(frozen=True)
class Subset:
    """Portions that are loaded under one name: a task at a level, or a suite as a protocol asks it."""

    name: str
    portions: tuple[Portion, ...]


@dataclass(frozen=True)
class SuiteSubset(Subset):
    """All tasks of a suite at the levels of a protocol."""

    suite: str
    protocol: Protocol

    @property
    def extent(self) -> str:
        """How many examples there are of each task, beside those that a run of the protocol asks."""
        sampling = self.protocol.sampling
        fewest = min(portion.examples for portion in self.portions)
        return (
            f"this dataset has the first {fewest:,} examples of each task; a run takes them in the same "
            f"order until both models have solved {sampling.pool:,}, or until it has tried "
            f"{sampling.pool * sampling.candidates:,}, or all that the task has"
        )


def draw_portions(
    tasks: Sequence[Task], n: int, seed: int, splits: Sequence[Split], level: str | None = None
) -> Iterator[Portion]:
    """The first `n` examples of each split of the tasks, at one level or (None) at all that a task has.

    Raises UsageError as `to_dataset` does: for an unknown level, and where there are fewer examples.
    """
    # Looked up before the first is drawn, because drawing takes minutes at some levels.
    levels = [(task, task.card.levels if level is None else (task.level(level)[0],)) for task in tasks]
    for task, names in levels:
        for name in names:
            for split in splits:
                content = to_parquet(task, n, seed, split, name)
                yield Portion(task, name, split, seed, n, _fingerprint(content), content)


def task_subsets(portions: Sequence[Portion]) -> Iterator[Subset]:
    """Each task at a level."""
    for name in dict.fromkeys(portion.subset for portion in portions):
        yield Subset(name, tuple(portion for portion in portions if portion.subset == name))


def suite_subsets(portions: Sequence[Portion], protocols: Iterable[Protocol]) -> Iterator[SuiteSubset]:
    """Each suite of a protocol of which every task is there, at the protocol's level, version and seed."""
    for protocol in protocols:
        for suite in SUITES:
            asked = {
                (task.name, task.level, task.version)
                for task in protocol.tasks
                if get_task(task.name).card.suite == suite
            }
            drawn = [portion for portion in portions if portion.seed == protocol.sampling.seed]
            found = tuple(portion for portion in drawn if _key(portion) in asked)
            # A part of a suite under the suite's name would pass for the whole.
            if found and {_key(portion) for portion in found} == asked:
                yield SuiteSubset(suite_id(protocol, suite), found, suite, protocol)


def _key(portion: Portion) -> tuple[str, str, int]:
    return portion.task.card.name, portion.level, portion.task.card.version


def _fingerprint(content: bytes) -> str:
    """Of the examples of a Parquet file, as its metadata has it."""
    import pyarrow
    from pyarrow import parquet

    metadata = parquet.read_metadata(pyarrow.BufferReader(content)).metadata
    found: str = json.loads(metadata[METADATA_KEY])["fingerprint"]
    return found
