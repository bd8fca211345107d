"""The process that is at a cell, and whether it is known to have ended."""

import os
import socket
from pathlib import Path
from uuid import uuid4

from pydantic import Field

from ..record.protocol import Part

PROC = Path("/proc")


class Claimant(Part):
    """A process on a host.

    `place`: the system that its number is of, empty where that is not known; `started`: in the system's own
    ticks, as numbers are given again; `token`: told apart from all others, of the same process too.
    """

    host: str
    place: str
    process: int = Field(ge=1)
    started: int
    token: str

    @classmethod
    def here(cls) -> "Claimant":
        """This process, with a new token."""
        found = _state_and_start(os.getpid())
        return cls(
            host=socket.gethostname(),
            place=_place(),
            process=os.getpid(),
            started=0 if found is None else found[1],
            token=uuid4().hex,
        )

    @property
    def name(self) -> str:
        """What a message calls it."""
        return f"process {self.process} on {self.host}"

    @property
    def ended(self) -> bool:
        """Whether it is known to have ended: only of a process of this very system can that be."""
        if not self.place or self.place != _place():
            return False
        try:
            os.kill(self.process, 0)
        except ProcessLookupError:
            return True
        except (OSError, OverflowError):  # another user's, or no number of a process
            return False
        found = _state_and_start(self.process)
        # One that nobody has waited for yet still has its number.
        return found is not None and (found[0] in "ZX" or found[1] != self.started)


def _place() -> str:
    """This start of this system, and the namespace that its processes are numbered in; empty if not told."""
    try:
        # Those files may be of another namespace, in which other processes have these numbers.
        if os.readlink(PROC / "self") != str(os.getpid()):
            return ""
        boot = (PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {os.readlink(PROC / 'self/ns/pid')}"
    except OSError:
        return ""


def _state_and_start(process: int) -> tuple[str, int] | None:
    """The letter of a process's state and when it was started; None where the system does not tell."""
    try:
        text = (PROC / str(process) / "stat").read_text(encoding="utf-8", errors="replace")
        # The second field is a name, which may have blanks and brackets of its own.
        fields = text.rpartition(")")[2].split()
        return fields[0], int(fields[19])
    except (OSError, IndexError, ValueError):
        return None
