"""The record of a fixed small pair, whose numbers no change may move unless it raises a version.

    python tests/benchmark/run/golden.py

runs `tiny` on two tasks under a small protocol and writes golden.json anew. It refuses where a number moved
and the protocols' version in benchmark/record/protocol.py was not raised since the file was written.
"""

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("golden.json")
TASKS = ("greater-than", "countdown")
RELATIVE, ABSOLUTE = 1e-3, 1e-4
"""Rounding differs between processors; what a person would call another number does not lie within this."""


def golden_content(record: Any) -> dict[str, Any]:
    """What the file holds of a record: every number, and the version that they are of."""
    content = record.model_dump(mode="json", include={"tasks", "failed", "reductions", "summary"})
    for task in content["tasks"]:
        # Digests of cells know of rounding.
        task.pop("cells")
    return {"version": record.protocol.version, "record": content}


def moved(kept: Any, found: Any, place: str = "") -> Iterator[str]:
    """The places at which two contents differ by more than rounding."""
    if isinstance(kept, dict) and isinstance(found, dict) and kept.keys() == found.keys():
        for name in kept:
            yield from moved(kept[name], found[name], f"{place}.{name}".removeprefix("."))
    elif isinstance(kept, list) and isinstance(found, list) and len(kept) == len(found):
        for index, (one, other) in enumerate(zip(kept, found, strict=True)):
            yield from moved(one, other, f"{place}[{index}]")
    elif isinstance(kept, float) and isinstance(found, float | int):
        if abs(kept - found) > ABSOLUTE + RELATIVE * abs(kept):
            yield f"{place}: {kept} became {found}"
    elif kept != found:
        yield f"{place}: {kept!r} became {found!r}"


def main() -> int:
    """Write the file anew where the version allows it; 1 where it does not."""
    sys.path.insert(0, str(Path(__file__).parents[2]))
    import mechshift
    from build.protocols import small_quick
    from mechshift.benchmark.run.run import run

    with tempfile.TemporaryDirectory() as out:
        record = run(mechshift.load("tiny", device="cpu"), small_quick(), Path(out), TASKS)
    found = golden_content(record)
    if FILE.exists():
        kept = json.loads(FILE.read_text(encoding="utf-8"))
        changed = list(moved(kept["record"], found["record"]))
        if changed and kept["version"] == found["version"]:
            print(f"{len(changed)} numbers moved, such as {changed[0]}", file=sys.stderr)
            print("raise `version` of the protocols in benchmark/record/protocol.py first", file=sys.stderr)
            return 1
    FILE.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
