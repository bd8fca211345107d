"""Share one run among processes and hosts, kill and stop some of them, and compare what they leave.

    python tests/reliability/workers.py --kills 6

What is compared are the bytes of the record and of all cells, with those of one process alone: of 2 and 4
workers of one run; of two runs that are started at once, by hand and by torchrun; of two hosts with one
folder; of two hosts that are killed at random moments and started again; and of one that is stopped, loses
its cell, and goes on.

A host is a process with a host name, a network, process numbers and a monotonic clock of its own (`unshare`),
whose calendar is 30 years off. Where that is not permitted, hosts differ by their calendars and by what they
call themselves, which the output says.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from reliability.under_fault import contents

TASKS = ("greater-than", "infilling")
BEAT, PATIENCE = 0.5, 4.0
"""Seconds, shorter than a run's own, so that a kill costs a few and not 90."""

RUN = """
import datetime, functools, json, sys
from pathlib import Path

import torch

import mechshift
from mechshift.benchmark.record.protocol import QUICK
from mechshift.benchmark.run import execution, claimant, store
from mechshift.benchmark.run.claims import Claims
from mechshift.benchmark.run.progress import Lines
from mechshift.benchmark.run.run import run

out, tasks, workers, years, host, beat, patience = json.loads(sys.argv[1])

class Calendar(datetime.datetime):
    @classmethod
    def now(cls, zone=None):
        return super().now(zone) + datetime.timedelta(days=365 * years)

store.datetime = Calendar
execution.Claims = functools.partial(Claims, beat=beat, patience=patience)
if host is not None:
    here = claimant.Claimant.here
    claimant.Claimant.here = classmethod(lambda cls: here().model_copy(update={"host": host, "place": host}))
protocol = QUICK.changed(
    pool=12, minimum=4, candidates=2, resamples=20, splits=2, components=4, grid=(0.001, 0.1, 1.0)
)
torch.set_num_threads(1)
run(mechshift.load("tiny", device="cpu"), protocol, Path(out), tasks, workers=workers, progress=Lines())
"""

HOST = ("unshare", "--uts", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "--time")


def permitted() -> bool:
    """Whether hosts can have namespaces of their own."""
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*HOST, "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0


LAUNCHER = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")


def start(
    out: Path,
    workers: int = 1,
    host: int | None = None,
    apart: bool = True,
    launcher: Sequence[str] = (),
) -> "subprocess.Popen[bytes]":
    """A run; of the host of that number, if any, in namespaces of its own or else only by its name."""
    named = None if host is None or apart else f"host-{host}"
    years = 30 * (host or 0)
    arguments = json.dumps([str(out), TASKS, workers, years, named, BEAT, PATIENCE])
    program = out.parent / "run.py"
    program.write_text(RUN, encoding="utf-8")
    command = [sys.executable, *launcher, str(program), arguments]
    if host is not None and apart:
        shell = f'hostname host-{host} && exec "$@"'
        command = [*HOST, "--monotonic", str(10**6 * host), "sh", "-c", shell, "sh", *command]
    log = (out.parent / f"{out.name}.log").open("ab")
    with log:
        return subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)


def done(*processes: "subprocess.Popen[bytes]") -> None:
    """Wait for runs that have to end in order."""
    for process in processes:
        if process.wait():
            raise SystemExit(f"a run ended with exit status {process.returncode}")


def end(process: "subprocess.Popen[bytes]", how: signal.Signals) -> None:
    """A signal to a run and to all that it has started."""
    os.killpg(process.pid, how)


class Scenarios:
    """Ways to share a run; each gives how it went, in words, and leaves its folder to be compared."""

    def __init__(self, folder: Path, apart: bool, seed: int) -> None:
        self._folder = folder
        self._apart = apart
        self._random = random.Random(seed)
        self.seconds = 0.0

    def alone(self) -> Path:
        """One process, whose time others are stopped and killed by."""
        out, began = self._folder / "alone", time.monotonic()
        done(start(out))
        self.seconds = time.monotonic() - began
        return out

    def workers(self, number: int) -> Path:
        """One run with helpers."""
        out = self._folder / f"workers-{number}"
        done(start(out, number))
        return out

    def joined(self) -> Path:
        """Two runs that know nothing of each other."""
        out = self._folder / "joined"
        done(start(out), start(out))
        return out

    def launched(self) -> Path:
        """Two runs that torchrun has started."""
        out = self._folder / "launched"
        done(start(out, launcher=LAUNCHER))
        return out

    def hosts(self) -> Path:
        """Two hosts."""
        out = self._folder / "hosts"
        done(self._host(out, 1), self._host(out, 2))
        return out

    def killed(self, kills: int) -> Path:
        """Two hosts, of which one is killed at a random moment, and started again, until that is enough."""
        out = self._folder / "killed"
        hosts = {number: self._host(out, number) for number in (1, 2)}
        for _ in range(kills):
            number = self._random.choice((1, 2))
            time.sleep(self._random.uniform(0.2, 0.7) * self.seconds)
            if hosts[number].poll() is None:
                end(hosts[number], signal.SIGKILL)
            hosts[number].wait()
            hosts[number] = self._host(out, number)
        done(*hosts.values())
        return out

    def stopped(self) -> Path:
        """Two hosts, of which one is stopped at a cell until the other has done everything."""
        out = self._folder / "stopped"
        first = self._host(out, 1)
        while not list(out.glob("cells/*/scores-arm.*.claim-1")):
            if first.poll() is not None:
                raise SystemExit("the run that was to be stopped has ended")
            time.sleep(0.002)
        end(first, signal.SIGSTOP)
        done(self._host(out, 2))
        end(first, signal.SIGCONT)
        done(first)
        return out

    def _host(self, out: Path, number: int) -> "subprocess.Popen[bytes]":
        return start(out, host=number, apart=self._apart)


def main(given: Sequence[str] | None = None) -> int:
    """Compare all; 1 where anything differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=6)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args(given)
    apart = permitted()
    print("hosts: namespaces of their own" if apart else "hosts: by name only", flush=True)
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        scenarios = Scenarios(Path(folder), apart, arguments.seed)
        expected = contents(scenarios.alone())
        print(f"one process: {len(expected)} files in {scenarios.seconds:.0f} s", flush=True)
        ways = {
            "2 workers": lambda: scenarios.workers(2),
            "4 workers": lambda: scenarios.workers(4),
            "2 runs in one folder": scenarios.joined,
            "2 processes of torchrun": scenarios.launched,
            "2 hosts": scenarios.hosts,
            f"2 hosts, {arguments.kills} kills": lambda: scenarios.killed(arguments.kills),
            "2 hosts, one stopped and continued": scenarios.stopped,
        }
        for name, way in ways.items():
            began, out = time.monotonic(), way()
            seconds = time.monotonic() - began
            same, log = contents(out) == expected, out.parent.joinpath(f"{out.name}.log").read_text()
            failed |= not same
            taken = log.count("is taken over")
            print(f"{name}: the same bytes: {same}; cells taken over: {taken}; {seconds:.0f} s", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
