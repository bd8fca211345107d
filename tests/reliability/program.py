"""The command on a small protocol: what is run where a process is to be killed, stopped or refused something.

    python -m reliability.program '{"years": 30}' run --task infilling --out OUT

The words after the first are the command's. The first says in what the process differs from one of a user's:
`years` are added to its calendar.
"""

import datetime
import functools
import json
import os
import sys
from collections.abc import Sequence

from build.protocols import small_quick
from mechshift.benchmark.pairs.pair import Pair
from mechshift.benchmark.record.protocol import QUICK

TASK = "infilling"
PROTOCOL = small_quick(
    pool=4,
    minimum=2,
    beside=QUICK.reading.beside[:1],
    beside_examples=2,
    neurons=False,
    places=False,
    components=1,
    shuffled=2,
    crossed=2,
)
"""All stages, and as little work in each as there can be."""

BEAT, PATIENCE = 0.2, 2.0
"""Seconds between signs of life, and until a claim is void: a run's own would make a fault take minutes."""


def make_small(pair: Pair | None = None) -> None:
    """Make `quick` the small protocol in this process, and a pair the one that is loaded already."""
    from mechshift.benchmark.record import protocol

    protocols = {one.name: one for one in protocol.list_protocols()}
    protocol._PROTOCOLS = protocols | {"quick": PROTOCOL}
    if pair is not None:
        from mechshift.benchmark.admission import load

        load.load_pair = lambda *arguments, **options: pair


def make_impatient() -> None:
    """Let this process give other processes' claims up soon."""
    from mechshift.benchmark.run import execution
    from mechshift.benchmark.run.claims import Claims

    execution.Claims = functools.partial(Claims, beat=BEAT, patience=PATIENCE)  # type: ignore[misc]


def set_calendar(years: int) -> None:
    """Let it be so many years later for this process: it has no clock of its own to set."""
    from mechshift.benchmark.run import store

    class Calendar(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> "Calendar":
            return super().now(tz) + datetime.timedelta(days=365 * years)

    store.datetime = Calendar  # type: ignore[misc]


def command(words: Sequence[str]) -> int:
    """The command in this process; its exit code."""
    from mechshift.benchmark.cli.main import main

    sys.argv = ["mechshift", *words]
    try:
        main()
    except SystemExit as ending:
        return int(ending.code or 0)
    except BaseException:
        import traceback

        traceback.print_exc()
        return 70
    finally:
        sys.stderr.flush()
    return 0


def program(*words: str, years: int = 0) -> list[str]:
    """What an interpreter, or a launcher in its place, is given so that the command runs as a program."""
    return ["-m", "reliability.program", json.dumps({"years": years}), *words]


def search_path() -> str:
    """Where a program finds what this one does, as PYTHONPATH has it."""
    return os.pathsep.join(path for path in sys.path if path)


if __name__ == "__main__":
    make_small()
    make_impatient()
    set_calendar(**json.loads(sys.argv[1]))
    sys.exit(command(sys.argv[2:]))
