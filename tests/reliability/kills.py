"""Kill a run at random moments until it is done, and compare what is left with a run that nothing disturbed.

    python tests/reliability/kills.py --kills 50

Half of the kills come after a random time, the others before or after a random file is moved into place.
Prints one line a kill, and at the end whether record and contents of cells are the same bytes. On a fork of
one process that has torch imported, so that fifty starts cost seconds and not minutes.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from reliability.under_fault import UNFINISHED, contents

import mechshift
from mechshift.benchmark.record.protocol import QUICK
from mechshift.benchmark.run.run import run

TASKS = ("greater-than", "infilling")
SMALL = QUICK.changed(
    pool=12, minimum=4, candidates=2, resamples=20, splits=2, components=4, grid=(0.001, 0.1, 1.0)
)


def work(out: Path) -> None:
    """The run that is killed."""
    torch.set_num_threads(1)
    run(mechshift.load("tiny", device="cpu"), SMALL, out, TASKS)


def forked(task: Callable[[], None]) -> int:
    """Run in a child process, which ends without the parent's clean-up; its process id."""
    child = os.fork()
    if child == 0:
        try:
            task()
        except BaseException as error:
            print(f"the run ended with {error!r}", file=sys.stderr)
            os._exit(1)
        os._exit(0)
    return child


def die_at_move(number: int, after: bool) -> None:
    """Have this process killed at the `number`-th file that is moved into place."""
    moved = 0
    replace = os.replace

    def dying(source: str, target: str) -> None:
        nonlocal moved
        moved += 1
        if moved == number and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        replace(source, target)
        if moved == number:
            os.kill(os.getpid(), signal.SIGKILL)

    os.replace = dying  # type: ignore[assignment]


def killed_by_time(out: Path, generator: random.Random, longest: float) -> str:
    """Kill a run after a random time; what was done, empty where it had ended before."""
    child, wait = forked(lambda: work(out)), generator.uniform(0, longest)
    time.sleep(wait)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return f"after {wait:.2f} s" if os.WIFSIGNALED(status) else ""


def killed_at_a_move(out: Path, generator: random.Random) -> str:
    """Kill a run at one of the next files that it moves into place; empty where it moved fewer."""
    number, after = generator.randint(1, 6), generator.random() < 0.5

    def task() -> None:
        die_at_move(number, after)
        work(out)

    _, status = os.waitpid(forked(task), 0)
    place = "after" if after else "before"
    return f"{place} the move of file {number}" if os.WIFSIGNALED(status) else ""


def undisturbed(out: Path) -> float:
    """A run that nothing disturbs; its seconds."""
    started = time.monotonic()
    _, status = os.waitpid(forked(lambda: work(out)), 0)
    if status:
        raise SystemExit("the undisturbed run failed")
    return time.monotonic() - started


def main() -> int:
    """Kill, start again, compare; 1 where anything differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    generator, done, rounds = random.Random(arguments.seed), 0, 0
    with tempfile.TemporaryDirectory() as folder:
        whole, cut = Path(folder, "whole"), Path(folder, "cut")
        longest = undisturbed(whole)
        expected = contents(whole)
        while done < arguments.kills:
            rounds += 1
            by_time = generator.random() < 0.5
            how = killed_by_time(cut, generator, longest) if by_time else killed_at_a_move(cut, generator)
            if how:
                done += 1
                print(f"kill {done}: {how}", flush=True)
            elif contents(cut) != expected:
                break
            else:
                # It ended before the kill: begin another one from nothing.
                cut = Path(folder, f"cut-{rounds}")
        undisturbed(cut)
        same = contents(cut) == expected
        left = len([*Path(folder).rglob(f"*{UNFINISHED}")])
    print(
        f"{done} kills, {rounds - done} runs that ended before theirs; the same bytes: {same}; "
        f"unfinished files left: {left}"
    )
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
