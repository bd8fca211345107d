"""How long every reader was fuzzed: adds what fuzz.py printed to fuzzed.json, and writes the table of it.

    python tests/reliability/fuzz.py config index --seconds 3600 > found.jsonl
    python tests/reliability/fuzzed.py found.jsonl

The table is that of docs/trust.md. Without a file it is written anew.
"""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from reliability.tables import DOCS, put, table

KEPT = Path(__file__).with_name("fuzzed.json")
PAGE = DOCS / "trust.md"
TABLE = "what was fuzzed"
COUNTS = ("seconds", "processor", "files", "taken")
HEADERS = ("reader", "seconds of the clock", "of the processor", "files", "taken as valid")

Counts = dict[str, int]


def added(kept: Mapping[str, Counts], lines: Iterable[str]) -> dict[str, Counts]:
    """All that is known by reader, and what further runs printed, a line each."""
    found = {reader: dict(counts) for reader, counts in kept.items()}
    for line in lines:
        said = json.loads(line)
        counts = found.setdefault(said["reader"], dict.fromkeys(COUNTS, 0))
        for name in COUNTS:
            counts[name] += said[name]
    return found


def rows(kept: Mapping[str, Counts]) -> list[list[str]]:
    """The lines of the table: each reader, the one that was given least first, and all together."""
    ordered = sorted(kept, key=lambda reader: (kept[reader]["files"], reader))
    lines = [[f"`{reader}`", *(f"{kept[reader][name]:,}" for name in COUNTS)] for reader in ordered]
    return [*lines, ["all", *(f"{sum(counts[name] for counts in kept.values()):,}" for name in COUNTS)]]


def known() -> dict[str, Counts]:
    """All that is kept, by reader."""
    kept: dict[str, Counts] = json.loads(KEPT.read_text(encoding="utf-8"))
    return kept


def main() -> None:
    """Add what the files that are named hold, and write the table."""
    lines = [line for path in sys.argv[1:] for line in Path(path).read_text(encoding="utf-8").splitlines()]
    found = added(known() if KEPT.exists() else {}, lines)
    KEPT.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    put(PAGE, {TABLE: table(HEADERS, rows(found))})


if __name__ == "__main__":
    main()
