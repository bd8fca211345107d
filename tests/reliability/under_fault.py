"""Small runs of the command, each in a process of its own: something is done to one, then it is repeated."""

import json
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from reliability.program import TASK, command, make_small

from build.runs import UNFINISHED, content
from mechshift.benchmark.pairs.pair import Pair
from mechshift.benchmark.run.plan import Cell
from mechshift.benchmark.run.progress import Silent

SAME = "the same bytes"


class Harm(Exception):
    """A fault had a consequence that it must not have."""


@dataclass(frozen=True)
class Seen:
    """What a fault came to: what the run did, and what the same command did after it."""

    happened: str
    afterwards: str = SAME


@dataclass(frozen=True)
class Ended:
    """How a process ended: exit code (of a signal its negative number), and what it said on stderr."""

    code: int
    said: str


Before = Callable[[], object]
"""What is done in the process before the command begins."""


def nothing() -> None:
    """No fault."""


class Ground:
    """Where runs are made and compared: an undisturbed one, and others in folders of their own.

    Processes are forked from this one, which has loaded the pair, so that a start costs little.
    """

    def __init__(self, folder: Path, pair: Pair) -> None:
        self.folder, self.pair = folder, pair
        # Also for who has given up being root.
        folder.chmod(0o755)
        _import_all()
        self.whole = folder / "whole"
        began = time.monotonic()
        if (ended := self.run(self.whole)).code:
            raise Harm(f"the undisturbed run failed: {ended.said}")
        self.seconds = time.monotonic() - began
        self.expected = contents(self.whole)
        self.cells = _in_order(self.whole)

    def new(self) -> Path:
        """A folder for a run, which is not there yet."""
        place = Path(tempfile.mkdtemp(dir=self.folder))
        place.chmod(0o755)
        return place / "out"

    def begun(self, *without: str) -> Path:
        """A copy of the undisturbed run without its record and these cells."""
        out = self.new()
        shutil.copytree(self.whole, out)
        record_of(out).unlink()
        for name in without:
            for path in files_of(out, name):
                path.unlink()
        return out

    def start(self, out: Path, *options: str, before: Before = nothing) -> int:
        """Begin the command in a process of its own; the process's number."""
        words = ["run", "--task", TASK, "--quiet", "--json", "--device", "cpu", *options, "--out", str(out)]
        log = self._log(out)
        log.write_bytes(b"")
        log.chmod(0o666)
        child = os.fork()
        if child == 0:
            self._be_the_command(words, log, before)
        return child

    def _be_the_command(self, words: list[str], log: Path, before: Before) -> NoReturn:
        code = 70
        try:
            for number, path in ((1, Path(os.devnull)), (2, log)):
                os.dup2(os.open(path, os.O_WRONLY | os.O_APPEND), number)
            sys.stdout, sys.stderr = (os.fdopen(n, "w", encoding="utf-8") for n in (1, 2))
            signal.signal(signal.SIGINT, signal.default_int_handler)
            make_small(self.pair)
            before()
            code = command(words)
        finally:
            os._exit(code)

    def wait(self, out: Path, child: int) -> Ended:
        """How a process that was begun ended."""
        _, status = os.waitpid(child, 0)
        said = self._log(out).read_text(encoding="utf-8", errors="replace")
        if "Traceback" in said:
            raise Harm(f"a traceback: {said}")
        return Ended(os.waitstatus_to_exitcode(status), said)

    def run(self, out: Path, *options: str, before: Before = nothing) -> Ended:
        """The command from beginning to end."""
        return self.wait(out, self.start(out, *options, before=before))

    def same(self, out: Path) -> bool:
        """Whether a folder holds what the undisturbed run left, and nothing else but seals."""
        return contents(out) == self.expected

    def same_but_claims(self, out: Path) -> bool:
        """The same where a process that is stopped still has its claim."""
        return all(".claim-" in name for name in differing(out, self.expected))

    def seen(self, out: Path, ended: Ended, said: str | None = None) -> Seen:
        """What a run came to that ended so, and what the same command says afterwards; `said`: in words.

        Raises Harm where a run that ended in order has other bytes, or the same command does not mend it.
        """
        if ended.code == 0 and not self.same(out):
            raise Harm(f"other bytes: {differing(out, self.expected)}; {ended.said}")
        happened = said or told(ended, out)
        again = self.run(out)
        if again.code or not self.same(out):
            raise Harm(f"not mended: {again}, {differing(out, self.expected)}")
        return Seen(happened)

    def _log(self, out: Path) -> Path:
        return out.parent / f"{out.name}.log"


def _import_all() -> None:
    """What the command imports when it needs it, so that not every process does that again."""
    import mechshift.benchmark.cli.main
    import mechshift.benchmark.controlled.beside
    import mechshift.benchmark.forecast.before
    import mechshift.benchmark.run.run  # noqa: F401


class Acting(Silent):
    """Does something once in the middle of a cell, or where it begins if it does not tell of its middle."""

    def __init__(self, name: str, action: Callable[[], object]) -> None:
        self._name, self._action = name, action

    @contextmanager
    def cell(self, cell: Cell, total: int) -> Iterator[Callable[[int], None]]:
        """As progress is told."""

        def advance(done: int) -> None:
            if cell.name == self._name:
                self._name = ""
                self._action()

        yield advance
        advance(0)


def acting(name: str, action: Callable[[], object]) -> Before:
    """To be done before a run, so that something happens in the middle of a cell."""

    def begin() -> None:
        from mechshift.benchmark.run import progress

        progress.choose_progress = lambda quiet: Acting(name, action)

    return begin


def both(*first: Before) -> Before:
    """One after the other."""

    def begin() -> None:
        for each in first:
            each()

    return begin


def contents(out: Path) -> dict[str, bytes]:
    """The bytes of all files but seals, which have a time, and files that were never finished."""
    return content(out, besides=(".seal", UNFINISHED))


def unfinished(out: Path) -> list[Path]:
    """Files that were being written, and claims."""
    return [*out.rglob(f"*{UNFINISHED}"), *out.rglob("*.claim-*")]


def claimants(out: Path) -> list[dict[str, Any]]:
    """Who is at a cell, or was when it was killed."""
    found: list[dict[str, Any]] = []
    # A folder can be gone as well as a claim: who finds that it can write there takes it away again.
    with suppress(FileNotFoundError):
        for path in out.rglob("*.claim-*"):
            with suppress(FileNotFoundError):
                if (content := path.read_bytes()).endswith(b"}\n"):
                    found.append(json.loads(content)["claimant"])
    return found


def differing(out: Path, expected: dict[str, bytes]) -> list[str]:
    """The files that are not the same."""
    found = contents(out)
    return sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name))


def record_of(out: Path) -> Path:
    """The one record of a run's folder."""
    (found,) = out.glob("*.json")
    return found


def files_of(out: Path, name: str) -> list[Path]:
    """Content and seal of a cell."""
    return sorted((out / "cells" / TASK).glob(f"{name}.*"))


def content_of(out: Path, name: str) -> Path:
    """The file with a cell's content."""
    (found,) = (path for path in files_of(out, name) if path.suffix != ".seal")
    return found


def _in_order(out: Path) -> list[str]:
    record: dict[str, Any] = json.loads(record_of(out).read_text(encoding="utf-8"))
    return list(record["tasks"][0]["cells"])


def told(ended: Ended, out: Path) -> str:
    """How a process ended, in a cell of a table: nothing in it depends on where and when that was."""
    if ended.code < 0:
        return f"killed by {signal.Signals(-ended.code).name}"
    said = f": {shortened(ended.said, out)}" if ended.said.strip() else ""
    return f"{SAME if ended.code == 0 else f'exit code {ended.code}'}{said}"


def shortened(said: str, out: Path) -> str:
    """A message on one line, with OUT and KEY where there are paths, keys and numbers of processes."""
    lines = [line.removeprefix("mechshift: ") for line in said.strip().splitlines()]
    # Of halvings the first one.
    halved = [line for line in lines if "begun again with" in line]
    text = "; ".join(line for line in lines if line not in halved[1:])
    text = text.replace(str(out), "OUT").replace(str(out.parent), "FOLDER")
    text = re.sub(r"\bcolumn \d+", "column N", text)
    text = re.sub(r"\b[0-9a-f]{40}\b", "COMMIT", re.sub(r"\b[0-9a-f]{16}\b", "KEY", text))
    text = re.sub(r"/\.tmp\w+", "/TEMPORARY", text)
    text = re.sub(r"\['/[^]]*\]", "[…]", text)
    text = re.sub(r"process \d+ on \S+", "process N on HOST", text)
    return text.replace("|", "\\|")
