"""What a checker found wrong."""

from collections.abc import Iterable
from dataclasses import dataclass

MOST = 50
"""Findings of one check that are listed; of a file of another kind every value is one."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong. A checker returns a tuple of them, empty where all is well.

    `check` names what was checked, such as `manifest`; `place` is where, `FILE` or `FILE: PATH INSIDE`, of
    files below what was checked; `problem` says what was asked and what was found, `remedy` what to do. Texts
    out of strangers' files are in them as they are: every writer of this room escapes what its reader would
    obey.
    """

    check: str
    place: str
    problem: str
    remedy: str

    @property
    def file(self) -> str:
        """The file of its place."""
        return self.place.partition(": ")[0]


def at_most(findings: Iterable[Finding], most: int = MOST) -> tuple[Finding, ...]:
    """The first findings of a check, and one that tells how many more there are."""
    found = tuple(findings)
    if len(found) <= most:
        return found
    last = found[most]
    more = f"{len(found) - most} more problems of this kind"
    return (*found[:most], Finding(last.check, last.file, more, "mend the listed ones first"))
