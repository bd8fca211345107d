"""A fault: what it is, how it is made, and which there are."""

import ctypes
import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import asdict, dataclass

from reliability.under_fault import Ground, Harm, Seen

Make = Callable[[Ground], Seen]


@dataclass(frozen=True)
class Fault:
    """Something that can go wrong; `quick` ones are tried by the tests, the others by `faults.py` alone.

    `made`: how it is made; `make` makes it, and raises Harm where it has a consequence that it must not have.
    """

    name: str
    made: str
    make: Make
    quick: bool


class Faults:
    """Faults of one kind, in the order in which they were declared."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.all: list[Fault] = []

    def fault(self, name: str, made: str, quick: bool = False) -> Callable[[Make], Make]:
        """Declares what makes a fault."""

        def declare(make: Make) -> Make:
            self.all.append(Fault(name, made, make, quick))
            return make

        return declare


NEW_MOUNTS = 0x00020000
"""CLONE_NEWNS of Linux, which Python 3.11 has no name for."""


class NotPermitted(Exception):
    """This machine does not let a process have file systems of its own."""


def with_own_mounts(task: Callable[[], Seen]) -> Seen:
    """What a task gives in a process whose mounts nobody else sees, and that are gone with it.

    Raises NotPermitted where that is not allowed, Harm as the task does.
    """
    # By a pipe: there may be no place for a file any more.
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(write, json.dumps(_answer(task)).encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, encoding="utf-8") as said:
        answer = json.loads(said.read())
    os.waitpid(child, 0)
    if "error" in answer:
        kind = NotPermitted if answer["error"] == NotPermitted.__name__ else Harm
        raise kind(f"{answer['error']}: {answer['message']}")
    return Seen(**answer)


def _answer(task: Callable[[], Seen]) -> dict[str, str]:
    try:
        if ctypes.CDLL(None, use_errno=True).unshare(NEW_MOUNTS):
            raise NotPermitted(os.strerror(ctypes.get_errno()))
        mount("--make-rprivate", "/")
        return asdict(task())
    except BaseException as error:
        return {"error": type(error).__name__, "message": str(error)[-2000:]}


def mount(*words: object) -> None:
    """Mount something, by the system's program. Raises NotPermitted where that fails."""
    done = subprocess.run(["mount", *map(str, words)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotPermitted(done.stderr.strip())
