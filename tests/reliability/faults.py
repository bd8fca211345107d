"""Make every fault of docs/reliability.md, and see that the same bytes come of it or a named error.

    python tests/reliability/faults.py
    python tests/reliability/faults.py --only "Disk full" --only "SIGTERM at every stage"
    python tests/reliability/faults.py --write

Prints a line a fault, and ends with 1 where one had a consequence that it must not have. `--write` writes the
tables of the page, for which all faults have to be possible: file systems of a process's own take root, or
another way to be allowed to mount.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

os.environ |= {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
sys.path.insert(0, str(Path(__file__).parents[1]))

from reliability.fault import Fault, Faults, NotPermitted
from reliability.faults_of_files import FILES
from reliability.faults_of_numbers import NUMBERS
from reliability.faults_of_processes import PROCESSES
from reliability.faults_of_surroundings import SURROUNDINGS
from reliability.tables import DOCS, put, table
from reliability.under_fault import Ground, Harm, Seen

PAGE = DOCS / "reliability.md"
KINDS = (FILES, PROCESSES, NUMBERS, SURROUNDINGS)
HEADERS = ("fault", "how it was made", "what happened", "afterwards, the same command")


def every() -> Iterator[Fault]:
    """All faults, in the order of the page."""
    for kind in KINDS:
        yield from kind.all


def row(fault: Fault, seen: Seen) -> list[str]:
    """A fault's line of its table."""
    return [fault.name, fault.made, seen.happened, seen.afterwards]


def tables(found: Mapping[str, Seen]) -> dict[str, str]:
    """The tables of the page, by the kind of fault."""
    return {kind.kind: _table(kind, found) for kind in KINDS}


def _table(kind: Faults, found: Mapping[str, Seen]) -> str:
    return table(HEADERS, [row(fault, found[fault.name]) for fault in kind.all])


def _tried(ground: Ground, chosen: Sequence[Fault]) -> tuple[dict[str, Seen], bool, bool]:
    """What came of faults; whether one did harm, and whether one could not be made."""
    found, harmed, missing = dict[str, Seen](), False, False
    for fault in chosen:
        began = time.monotonic()
        try:
            found[fault.name] = seen = fault.make(ground)
            said = f"{seen.happened}; then {seen.afterwards}"
        except Harm as harm:
            harmed, said = True, f"HARM: {harm}"
        except NotPermitted as why:
            missing, said = True, f"not permitted here: {why}"
        print(f"{fault.name} ({time.monotonic() - began:.1f} s): {said}", flush=True)
    return found, harmed, missing


def main() -> int:
    """Make them all, or those that are named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", metavar="FAULT")
    parser.add_argument("--write", action="store_true", help="write the tables of docs/reliability.md")
    asked = parser.parse_args()
    if unknown := set(asked.only or ()) - {fault.name for fault in every()}:
        parser.error(f"no such fault: {', '.join(sorted(unknown))}")
    chosen = [fault for fault in every() if not asked.only or fault.name in asked.only]
    import torch

    import mechshift

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        ground = Ground(Path(folder), mechshift.load("tiny", device="cpu"))
        found, harmed, missing = _tried(ground, chosen)
    if asked.write:
        if harmed or missing or asked.only:
            raise SystemExit("the page has all faults, and none that did harm or could not be made")
        put(PAGE, tables(found))
    return int(harmed)


if __name__ == "__main__":
    sys.exit(main())
