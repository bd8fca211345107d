"""The record and cells of a fixed small pair, whose numbers no change may move unless it raises a version.

    python tests/benchmark/run/golden.py

runs `tiny` on two tasks under a small protocol and writes golden.json anew. It refuses where a number moved
and the protocols' version in benchmark/record/protocol.py was not raised since the file was written, or the
content of a cell that models run for and the `method` of its kind in benchmark/run/plan.py was not.
"""

import json
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file

FILE = Path(__file__).with_name("golden.json")
TASKS = ("greater-than", "countdown")
RELATIVE, ABSOLUTE = 1e-3, 1e-4
"""Rounding differs between processors; what a person would call another number does not lie within this."""


NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
PLACES = 24
"""Values of an array that the file holds, evenly spaced."""


def protocol() -> Any:
    """The protocol `quick` on few examples; not that of the other tests, which may become smaller still."""
    from build.protocols import small_quick

    return small_quick(
        pool=12,
        minimum=6,
        candidates=2,
        beside_examples=20,
        grid=(0.001, 0.1, 1.0),
        resamples=20,
        splits=2,
        components=4,
        steps=5,
    )


def golden_content(record: Any, path: Path) -> dict[str, Any]:
    """What the file holds of a record: every number, some of every model cell's, and their versions."""
    content = record.model_dump(mode="json", include={"tasks", "failed", "reductions", "summary"})
    for task in content["tasks"]:
        # Digests of cells know of rounding.
        task.pop("cells")
        # They are no numbers, and a cell of their own.
        task.pop("prompts")
    from mechshift.benchmark.run.plan import kinds_of

    kinds = [kind for kind in kinds_of(record.protocol) if kind.members]
    return {
        "version": record.protocol.version,
        "methods": {kind.name: kind.method for kind in kinds},
        "inputs": inputs(record),
        "record": content,
        "cells": {
            kind.name: {task: cell_content(record, path, kind, task) for task in TASKS} for kind in kinds
        },
    }


def inputs(record: Any) -> dict[str, Any]:
    """What the keys of cells are of besides methods, software left out: with other inputs none is stale."""
    protocol = record.protocol.model_dump(mode="json", exclude={"name", "version"})
    return {"arm": record.pair.arm.digest, "mdm": record.pair.mdm.digest, "protocol": protocol}


def cell_content(record: Any, path: Path, kind: Any, task: str) -> Any:
    """JSON as it is; of every array its shape, its root mean square, and values relative to that."""
    from mechshift.benchmark.run.store import find_cell

    file = find_cell(path, record, task, kind.name)
    if file.suffix == ".json":
        return json.loads(file.read_text(encoding="utf-8"))
    arrays = {}
    for name, values in load_file(file).items():
        flat = values.ravel().astype(np.float64)
        size = float(np.sqrt(np.mean(flat**2))) or 1.0
        chosen = flat[np.linspace(0, flat.size - 1, min(PLACES, flat.size)).round().astype(int)] / size
        arrays[name] = {"shape": list(values.shape), "size": size, "values": chosen.round(7).tolist()}
    return arrays


def without_a_new_method(kept: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """Kinds of cells whose numbers moved under the same method, and not only those of a cell they need."""
    from mechshift.benchmark.run.plan import kind_named

    if kept.get("inputs") != found["inputs"]:
        return []
    changed = {name for name, cells in kept["cells"].items() if any(moved(cells, found["cells"][name]))}
    return [
        name
        for name in kept["cells"]
        if name in changed
        and kept["methods"][name] == found["methods"][name]
        and not changed & set(kind_named(name).needs)
    ]


def moved(kept: Any, found: Any, place: str = "") -> Iterator[str]:
    """The places at which what was kept is gone, or differs by more than rounding; what is new is no move."""
    if isinstance(kept, dict) and isinstance(found, dict) and kept.keys() <= found.keys():
        for name in kept:
            yield from moved(kept[name], found[name], f"{place}.{name}".removeprefix("."))
    elif isinstance(kept, list) and isinstance(found, list) and len(kept) == len(found):
        for index, (one, other) in enumerate(zip(kept, found, strict=True)):
            yield from moved(one, other, f"{place}[{index}]")
    elif isinstance(kept, float) and isinstance(found, float | int):
        if abs(kept - found) > ABSOLUTE + RELATIVE * abs(kept):
            yield f"{place}: {kept} became {found}"
    elif isinstance(kept, str) and isinstance(found, str) and NUMBER.split(kept) == NUMBER.split(found):
        # Reasons tell numbers too.
        for one, other in zip(NUMBER.findall(kept), NUMBER.findall(found), strict=True):
            yield from moved(float(one), float(other), place)
    elif kept != found:
        yield f"{place}: {kept!r} became {found!r}"


def main() -> int:
    """Write the file anew where the version allows it; 1 where it does not."""
    sys.path.insert(0, str(Path(__file__).parents[2]))
    import mechshift
    from mechshift.benchmark.run.record_file import record_path
    from mechshift.benchmark.run.run import run

    with tempfile.TemporaryDirectory() as out:
        record = run(mechshift.load("tiny", device="cpu"), protocol(), Path(out), TASKS)
        found = golden_content(record, record_path(Path(out), record))
    if FILE.exists():
        kept = json.loads(FILE.read_text(encoding="utf-8"))
        changed = list(moved(kept["record"], found["record"]))
        if changed and kept["version"] == found["version"]:
            print(f"{len(changed)} numbers moved, such as {changed[0]}", file=sys.stderr)
            print("raise `version` of the protocols in benchmark/record/protocol.py first", file=sys.stderr)
            return 1
        if stale := without_a_new_method(kept, found):
            print(f"the content of {', '.join(stale)} moved", file=sys.stderr)
            print("raise `method` of these kinds of cells in benchmark/run/plan.py first", file=sys.stderr)
            return 1
    FILE.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
