"""Examples as data that others read: a `datasets.Dataset`, a Parquet file, a fingerprint."""

import hashlib
import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from ..errors import UsageError, unknown
from ..files import replacing
from .example import Example, Split, Task

if TYPE_CHECKING:
    import datasets
    import pyarrow

METADATA_KEY = b"mechshift"
"""Key of the Parquet schema's metadata that holds the card and the arguments, as JSON."""


def to_dataset(
    task: Task, n: int, seed: int, split: Split = "evaluation", level: str | None = None
) -> "datasets.Dataset":
    """The first `n` examples of a split as a data set: one row per example, one column per field.

    `info.description` is the JSON of `provenance`; source and licence are in `info` too. The same arguments
    give the same data set with the same fingerprint. Raises UsageError for an unknown split or level, or
    where there are fewer than `n` examples.
    """
    from datasets import Dataset, DatasetInfo, NamedSplit
    from datasets.table import InMemoryTable

    examples = _first(task, n, seed, split, level)
    card = task.card
    info = DatasetInfo(
        description=_json(provenance(task, examples, seed, split, level)),
        citation=card.source,
        license=card.licence,
        dataset_name=card.name,
        config_name=task.level(level)[0],
    )
    table = InMemoryTable(_table(examples))
    return Dataset(table, info=info, split=NamedSplit(split), fingerprint=fingerprint(examples))


def write_parquet(
    path: str | Path, task: Task, n: int, seed: int, split: Split = "evaluation", level: str | None = None
) -> Path:
    """Write the first `n` examples of a split as Parquet and return the path.

    The same arguments give the same bytes. The schema's metadata holds the JSON of `provenance` under
    "mechshift". The file appears whole or not at all. Raises UsageError as `to_dataset` does, and
    OutputError where the file cannot be written.
    """
    target = Path(path)
    content = to_parquet(task, n, seed, split, level)
    with replacing(target) as partial:
        partial.write_bytes(content)
    return target


def to_parquet(task: Task, n: int, seed: int, split: Split = "evaluation", level: str | None = None) -> bytes:
    """The content of the file that `write_parquet` writes. Raises UsageError as `to_dataset` does."""
    import pyarrow
    from pyarrow import parquet

    examples = _first(task, n, seed, split, level)
    described = {METADATA_KEY: _json(provenance(task, examples, seed, split, level)).encode()}
    content = pyarrow.BufferOutputStream()
    parquet.write_table(_table(examples).replace_schema_metadata(described), content)
    written: bytes = content.getvalue().to_pybytes()
    return written


def provenance(
    task: Task, examples: Iterable[Example], seed: int, split: Split, level: str | None
) -> Mapping[str, Any]:
    """The task's card, the arguments that the examples were drawn with, and their fingerprint."""
    drawn = {"seed": seed, "split": split, "level": task.level(level)[0]}
    return {"card": asdict(task.card), **drawn, "fingerprint": fingerprint(examples)}


def fingerprint(examples: Iterable[Example]) -> str:
    """SHA-256 (64 hexadecimal digits) of the examples' canonical JSON; their order counts."""
    return hashlib.sha256(_json([asdict(example) for example in examples]).encode()).hexdigest()


def _first(task: Task, n: int, seed: int, split: Split, level: str | None) -> tuple[Example, ...]:
    if split not in get_args(Split):
        raise unknown("split", split, get_args(Split))
    if n < 1:
        raise UsageError(f"{n} examples of task {task.card.name!r} were asked for", "ask for at least one")
    examples = tuple(islice(task.examples(seed, split, level), min(n, sys.maxsize)))
    if len(examples) < n:
        name, _ = task.level(level)
        others = [other for other in task.card.levels if other != name]
        raise UsageError(
            f"task {task.card.name!r} has {len(examples)} {split} examples at level {name!r}, not {n}",
            f"ask for at most {len(examples)}"
            + (f", or for another level: {', '.join(others)}" if others else ""),
        )
    return examples


def _table(examples: Iterable[Example]) -> "pyarrow.Table":
    import pyarrow

    text = pyarrow.string()
    texts = pyarrow.list_(text)
    place = pyarrow.struct([(name, text) for name in ("left", "right", "corrupted_right")])
    role = pyarrow.struct([("name", text), ("start", pyarrow.int64()), ("end", pyarrow.int64())])
    schema = pyarrow.schema(
        [(name, text) for name in ("clean", "corrupted", "answer", "foil", "variant", "template", "metric")]
        + [(name, texts) for name in ("contents", "answers", "foils")]
        + [("in_place", place), ("copied", pyarrow.list_(pyarrow.int64())), ("roles", pyarrow.list_(role))]
        + [("factors", pyarrow.list_(texts))]
    )
    return pyarrow.Table.from_pylist([asdict(example) for example in examples], schema=schema)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
