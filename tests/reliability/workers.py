"""Share one run among processes and hosts, kill and stop some of them, and compare what they leave.

    python tests/reliability/workers.py
    python tests/reliability/workers.py --only "2 hosts"
    python tests/reliability/workers.py --write

What is compared are the bytes of the record and of all cells, with those of one process alone. `--write`
writes the table of docs/many-machines.md, for which hosts have to be possible (`reliability.hosts`), and
accelerate has to be installed.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

os.environ |= {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
sys.path.insert(0, str(Path(__file__).parents[1]))

from reliability.fault import NotPermitted
from reliability.hosts import Process, done, end, link, start, start_host
from reliability.tables import DOCS, put, table
from reliability.under_fault import claimants, contents

PAGE = DOCS / "many-machines.md"
TABLE = "shared runs"
HEADERS = ("shared by", "same bytes", "cells taken over")
KILLS = 4
TORCHRUN = ("-m", "torch.distributed.run", "--nproc-per-node", "2", "--max-restarts", str(KILLS))
HERE = (*TORCHRUN, "--standalone")
ACCELERATE = ("-m", "accelerate.commands.launch", "--cpu", "--num_processes", "2")
MEETING = ("--nnodes", "2", "--rdzv-backend", "c10d", "--rdzv-endpoint", "10.0.0.1:29400", "--rdzv-id", "run")
PAUSE = 0.5
"""Seconds within which who is at a cell is killed."""


def by_workers(out: Path, number: int) -> None:
    """One run with helpers."""
    done(start(out, "--workers", str(number)))


def launched(out: Path, launcher: Sequence[str]) -> None:
    """Processes that a launcher has started. Raises NotPermitted where it is not installed."""
    if find_spec(launcher[1].partition(".")[0]) is None:
        raise NotPermitted(f"{launcher[1]} is not installed")
    done(start(out, launcher=launcher))


def relaunched(out: Path) -> None:
    """Processes of torchrun, of which one is killed, and all are started again."""
    run, killed = start(out, launcher=HERE), set[str]()
    for _ in range(KILLS):
        os.kill(_at_a_cell(out, run, killed)["process"], signal.SIGKILL)
    done(run)


def by_hosts(out: Path) -> None:
    """Two hosts that cannot reach each other."""
    done(*(start_host(number, out) for number in (1, 2)))


def by_killed_hosts(out: Path) -> None:
    """Two hosts of which now the one and now the other is killed, and begun again."""
    hosts, killed = {number: start_host(number, out) for number in (1, 2)}, set[str]()
    for count in range(KILLS):
        number = 1 + count % 2
        _at_a_cell(out, hosts[number], killed, f"host-{number}")
        _kill(hosts[number])
        hosts[number] = start_host(number, out)
    done(*hosts.values())


def by_a_stopped_host(out: Path) -> None:
    """Two hosts, of which one is stopped at a cell until the other has done everything."""
    first = start_host(1, out)
    _at_a_cell(out, first, set())
    end(first, signal.SIGSTOP)
    done(start_host(2, out))
    end(first, signal.SIGCONT)
    done(first)


def by_linked_hosts(out: Path) -> None:
    """One torchrun on two hosts."""
    hosts = {number: _meeting(number, out) for number in (1, 2)}
    link(hosts)
    done(*hosts.values())


def by_killed_linked_hosts(out: Path) -> None:
    """The same, but that both are killed at a cell: that torchrun is begun again."""
    killed = set[str]()
    for _ in range(KILLS):
        hosts = {number: _meeting(number, out) for number in (1, 2)}
        link(hosts)
        _at_a_cell(out, hosts[2], killed, "host-2")
        for host in hosts.values():
            _kill(host)
    by_linked_hosts(out)


def _meeting(number: int, out: Path) -> Process:
    here = ("--local-addr", f"10.0.0.{number}", "--rdzv-conf", f"is_host={int(number == 1)}")
    return start_host(number, out, (*TORCHRUN, *MEETING, *here), linked=True)


def _kill(host: Process) -> None:
    end(host, signal.SIGKILL)
    host.wait()


def _at_a_cell(out: Path, run: Process, known: set[str], host: str | None = None) -> dict[str, Any]:
    """Who is at a cell, and on that host, and was not known, at a random moment soon after it began."""
    while True:
        if run.poll() is not None:
            raise SystemExit("a run that was to be disturbed has ended")
        for claimant in claimants(out):
            if claimant["token"] not in known and host in (None, claimant["host"]):
                known.add(claimant["token"])
                time.sleep(random.uniform(0, PAUSE))
                return claimant
        time.sleep(0.002)


WAYS: Mapping[str, Callable[[Path], None]] = {
    "`--workers 2`": lambda out: by_workers(out, 2),
    "`--workers 4`": lambda out: by_workers(out, 4),
    "2 processes of `torchrun`": lambda out: launched(out, HERE),
    f"2 processes of `torchrun`, one of which is killed {KILLS} times": relaunched,
    "2 processes of `accelerate launch`": lambda out: launched(out, ACCELERATE),
    "2 hosts": by_hosts,
    f"2 hosts, killed by turns and begun again, {KILLS} times": by_killed_hosts,
    "2 hosts, one stopped in the middle of a cell until the other is done, and continued": by_a_stopped_host,
    "2 hosts with a network, 2 processes of one `torchrun` on each": by_linked_hosts,
    f"the same, killed and begun again, {KILLS} times": by_killed_linked_hosts,
}


def main() -> int:
    """Compare all, or those that are named; 1 where anything differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", metavar="WAY", choices=WAYS)
    parser.add_argument("--seed", type=int, default=0, help="of the moments of kills")
    parser.add_argument("--keep", type=Path, help="an empty folder, for what the runs leave and say")
    parser.add_argument("--write", action="store_true", help="write the table of docs/many-machines.md")
    asked = parser.parse_args()
    random.seed(asked.seed)
    rows, missing = [], False
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.keep or Path(temporary)
        done(start(folder / "alone"))
        expected = contents(folder / "alone")
        for name, share in WAYS.items():
            if asked.only and name not in asked.only:
                continue
            try:
                rows.append(_row(name, share, folder / str(len(rows)), expected))
            except NotPermitted as why:
                missing = True
                print(f"{name}: not permitted here: {why}", flush=True)
    if asked.write:
        if asked.only or missing:
            raise SystemExit("the page has all ways, and none that could not be tried")
        put(PAGE, {TABLE: table(HEADERS, rows)})
    return int(any(row[1] != "yes" for row in rows))


def _row(name: str, share: Callable[[Path], None], out: Path, expected: dict[str, bytes]) -> list[str]:
    began = time.monotonic()
    share(out)
    same, said = contents(out) == expected, (out.parent / f"{out.name}.log").read_text(encoding="utf-8")
    row = [name, "yes" if same else "NO", str(said.count("is taken over"))]
    print("; ".join([*row, f"{time.monotonic() - began:.0f} s"]), flush=True)
    return row


if __name__ == "__main__":
    sys.exit(main())
