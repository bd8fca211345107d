"""The cells of a run: one file each, written whole, under a key that holds everything that can change it."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from ...errors import NotComputable, UsageError, unknown
from ...files import write_text
from ..record.files import read_model, write_model
from ..record.types import Record

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)


class Store:
    """A folder of cells for one key. What is there is read, what is missing is computed and written.

    Cells of another key lie in another folder, so that results of different protocols, weights, task
    versions or package versions are never mixed.
    """

    def __init__(self, root: Path, key: Mapping[str, Any]) -> None:
        text = json.dumps(key, sort_keys=True, indent=1)
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        self._folder = root / digest
        if not (self._folder / "key.json").exists():
            write_text(self._folder / "key.json", text + "\n")
        self.seconds: dict[str, float] = {}

    def cell(
        self, name: str, load: Callable[[Path], T], save: Callable[[T, Path], None], compute: Callable[[], T]
    ) -> T:
        """The cell's content, computed only where the file is not there; `seconds` gets what it took.

        Raises OutputError where it cannot be written, NotComputable where what is there cannot be read.
        """
        path, timing = self._folder / name, self._folder / f"{name}.seconds"
        if path.exists() and timing.exists():
            content = _read(path, load)
        else:
            started = time.monotonic()
            content = compute()
            save(content, path)
            write_text(timing, f"{time.monotonic() - started:.3f}\n")
        self.seconds[name] = _read(timing, lambda path: float(path.read_text(encoding="utf-8")))
        return content

    def model(self, name: str, kind: type[M], compute: Callable[[], M]) -> M:
        """A cell that is a pydantic model, kept as JSON."""
        return self.cell(f"{name}.json", lambda path: read_model(path, kind), write_model, compute)


def _read(path: Path, load: Callable[[Path], T]) -> T:
    try:
        return load(path)
    except (NotComputable, OSError, ValueError) as error:
        problem = error.problem if isinstance(error, NotComputable) else f"{path} cannot be read: {error}"
        raise NotComputable(problem, f"delete {path} and run again") from error


def find_cell(record_path: Path, task: str, name: str) -> Path:
    """The file of a cell that a record was made from, in the folder `cells` beside the record.

    Raises NotComputable where the record cannot be read, UsageError where it has no comparison on the task or
    the cell is not there.
    """
    record = read_model(record_path, Record)
    found = {each.task: each for each in record.tasks}
    if task not in found:
        raise unknown(f"task of {record_path}", task, found)
    wanted = _key_of(record, task, found[task].version, found[task].level)
    for file in sorted((record_path.parent / "cells" / task).glob("*/key.json")):
        if json.loads(file.read_text(encoding="utf-8")) == wanted and (file.parent / name).is_file():
            return file.parent / name
    raise UsageError(
        f"there is no {name} of {task} in {record_path.parent / 'cells'}",
        "name the record in the folder that it was written to, where its cells are",
    )


def _key_of(record: Record, task: str, version: str, level: str) -> dict[str, object]:
    """The key of a record's cells, as `run_key` makes it of a pair."""
    pair, environment = record.pair, record.environment
    return {
        "mechshift": environment.mechshift,
        "torch": environment.torch,
        "transformers": environment.transformers,
        "device": environment.device.partition(":")[0],
        "protocol": record.protocol.model_dump(mode="json"),
        "task": task,
        "task_version": version,
        "level": level,
        "arm": pair.arm.model_dump(mode="json", exclude={"checkpoint"}),
        "mdm": pair.mdm.model_dump(mode="json", exclude={"checkpoint"}),
        "control": pair.control,
        "mask_id": pair.mask_id,
        "tokenizer": pair.tokenizer,
    }
