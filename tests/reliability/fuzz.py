"""Give readers changed files for as long as there is time, guided by which of their lines they reach.

    python tests/reliability/fuzz.py eap-ig-json eap-ig-pt --seconds 3600 --out found
    python tests/reliability/fuzz.py --list

Needs atheris (`pip install atheris`), which is no dependency. Begins with valid files and with those of the
corpus. Most of the changes know the form of the file (`build.mutations`), the others are libFuzzer's. A file
that breaks the reader is kept in OUT/READER under the digest of its content, once for every place that it
breaks, and the run goes on. `--keep BYTES` copies the smallest of the files that reached new lines, of which
OUT/reached has all, into the corpus, which the tests read. For each reader, one after the other, there is a
line of JSON: how many files, in how many seconds of clock and processor, and what was raised where.
"""

import argparse
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import NoReturn

import atheris

sys.path.insert(0, str(Path(__file__).parents[1]))

with atheris.instrument_imports(include=["mechshift"]):
    from reliability.outside import CORPUS, Desk, Reader
    from reliability.readers import readers

    from build.mutations import mutated

LARGEST = 2**18
"""Bytes of the largest file that is made."""

OF_THE_FORM = 0.6
"""Share of the changes that know the form of the file."""


class Fuzzing:
    """One reader under way: what it was given, and what has broken it."""

    def __init__(self, reader: Reader, seconds: float, out: Path, reached: Path, outer: Path) -> None:
        """`out`: for what breaks it; `reached`: for files that reach new lines; `outer`: for all else."""
        self._reader, self._seconds, self._out, self._reached = reader, seconds, out, reached
        self._outer, self._desk = outer, Desk(reader, Path(tempfile.mkdtemp(dir=outer)))
        self._files, self._taken = 0, 0
        self._broken: dict[str, str] = {}
        self._start, self._processor = time.monotonic(), time.process_time()

    def examine(self, content: bytes) -> None:
        """Give the reader one file; ends the process when the time is over."""
        if time.monotonic() - self._start > self._seconds:
            self._end()
        self._files += 1
        try:
            self._taken += self._desk.examine(content)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
            self._note(error, content)

    def change(self, content: bytes, largest: int, seed: int) -> bytes:
        """Another file from this one."""
        random = Random(seed)
        if random.random() < OF_THE_FORM:
            return mutated(content, self._reader.form, random)[:largest]
        return bytes(atheris.Mutate(content, largest))

    def _note(self, error: BaseException, content: bytes) -> None:
        frames = [
            frame for frame in traceback.extract_tb(error.__traceback__) if "mechshift" in frame.filename
        ]
        last = frames[-1] if frames else traceback.extract_tb(error.__traceback__)[-1]
        place = f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}"
        if place in self._broken:
            return
        self._broken[place] = name = hashlib.sha256(content).hexdigest()[:16]
        (self._out / name).write_bytes(content)
        print(f"{place}: {str(error)[:300]!r}, by {self._out / name}", file=sys.stderr, flush=True)

    def _end(self) -> NoReturn:
        found = {
            "reader": self._reader.name,
            "seconds": round(time.monotonic() - self._start),
            "processor": round(time.process_time() - self._processor),
            "files": self._files,
            "taken": self._taken,
            "reached": len(list(self._reached.iterdir())),
            "broken": self._broken,
        }
        print(json.dumps(found), flush=True)
        shutil.rmtree(self._outer)
        # libFuzzer itself ends so too.
        os._exit(1 if self._broken else 0)


def keep(reached: Path, seeds: Sequence[bytes], name: str, most: int) -> None:
    """Copy the smallest files that reached new lines into the corpus, at most so many bytes."""
    goal, size = CORPUS / name, 0
    for path in sorted(reached.iterdir(), key=lambda path: (path.stat().st_size, path.name)):
        content = path.read_bytes()
        size += len(content)
        if size > most:
            return
        if content not in seeds:
            goal.mkdir(parents=True, exist_ok=True)
            (goal / hashlib.sha256(content).hexdigest()[:16]).write_bytes(content)


def main() -> None:
    """Fuzz the readers that are named."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("readers", nargs="*", metavar="READER")
    parser.add_argument("--list", action="store_true", help="the names of all readers")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--out", type=Path, default=Path("fuzz-found"), help="where what breaks it is kept")
    parser.add_argument(
        "--keep", type=int, metavar="BYTES", help="copy the smallest of OUT/reached to the corpus"
    )
    asked = parser.parse_args()
    if asked.list or not asked.readers:
        print("\n".join(readers()))
        return
    for name in asked.readers:
        reader = readers()[name]
        out, reached = asked.out / name, asked.out / "reached" / name
        for folder in (out, reached):
            folder.mkdir(parents=True, exist_ok=True)
        if asked.keep is not None:
            keep(reached, reader.seeds(), name, asked.keep)
        # libFuzzer ends the process that it is in.
        elif (child := os.fork()) == 0:
            _fuzz(reader, asked.seconds, out, reached)
        else:
            os.waitpid(child, 0)


def _fuzz(reader: Reader, seconds: float, out: Path, reached: Path) -> NoReturn:
    warnings.simplefilter("error")  # as in the tests
    outer = Path(tempfile.mkdtemp(prefix="mechshift-fuzz-"))
    tempfile.tempdir = str(outer)
    begin = outer / "seeds"
    begin.mkdir()
    known = [path.read_bytes() for path in sorted((CORPUS / reader.name).glob("*"))]
    for index, seed in enumerate([*reader.seeds(), *known]):
        (begin / str(index)).write_bytes(seed)
    fuzzing = Fuzzing(reader, seconds, out, reached, outer)
    # The clock is ours: libFuzzer's would end without a word of what was found.
    options = [
        f"-max_len={LARGEST}",
        "-rss_limit_mb=0",
        "-timeout=300",
        f"-artifact_prefix={out}/",
        "-verbosity=0",
    ]
    atheris.Setup(
        [sys.argv[0], *options, str(reached), str(begin)], fuzzing.examine, custom_mutator=fuzzing.change
    )
    atheris.Fuzz()
    raise AssertionError("libFuzzer came back")


if __name__ == "__main__":
    main()
