"""Plans of a pair that is nowhere, pools for their cells, what a run wrote, and a clock set by hand."""

from collections.abc import Collection, Sequence
from pathlib import Path

from mechshift.benchmark.asking.pool import Pool
from mechshift.benchmark.record.number import Accuracy
from mechshift.benchmark.record.protocol import QUICK, Protocol
from mechshift.benchmark.run.plan import Plan, Subject, plan_run


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def make_subject(digest: str = "a" * 64, device: str = "cpu") -> Subject:
    """Two members that differ in their digests, and where they run."""
    members = {role: {"digest": f"{role} {digest}", "dtype": "float32"} for role in ("arm", "mdm")}
    return Subject(members, {"tokenizer": "t"}, {"torch": "2", "device": device})


def make_plan(
    tasks: Sequence[str] = ("ioi", "countdown"),
    protocol: Protocol = QUICK,
    subject: Subject | None = None,
    wanted: Sequence[str] | None = None,
) -> Plan:
    """The plan of tasks that the protocol asks."""
    asked = [task for task in protocol.tasks if task.name in tasks]
    return plan_run(subject or make_subject(), protocol, asked, wanted)


def make_pool() -> Pool:
    """A pool in which nothing was solved."""
    nothing = Accuracy(solved=0, tried=3)
    return Pool(
        arm=nothing, mdm=nothing, mdm_in_place=nothing, unfit={}, other_form=0, solved=(), fingerprint="0"
    )


def record_of(folder: Path) -> Path:
    """The one record of a run's folder."""
    (found,) = folder.glob("*.json")
    return found


UNFINISHED = ".partial"
"""How the names of files end that are being written."""


def content(folder: Path, besides: Collection[str] = (".seal",)) -> dict[str, bytes]:
    """All of a run's folder `besides` files whose names end so: seals, which tell when they were made."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix not in besides]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
