"""Files that are whole or not there, whenever a run is killed; and reading none that is no regular file."""

import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

from safetensors import SafetensorError

from .errors import OutputError

RESULTS = Path("mechshift-results")
"""Where runs keep cells and records unless told otherwise."""

BEGINNING = 40
"""Characters of a file's name that its temporary file is named by: few enough for any alphabet."""

NOT_REGULAR = "it is not a regular file but a pipe, a socket or a device"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`, moved into its place when the block ends without an error.

    Makes missing folders. Raises OutputError where the file system refuses (permissions, a full disk).
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # In the same folder, because only within one file system is moving a file a single step.
        # Of a long name the beginning: what the file system takes for the file it has to take for this too.
        beginning = f".{path.name[:BEGINNING]}."
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=beginning, suffix=".partial")
        os.close(handle)
    except OSError as error:
        raise refused(path, error) from error
    partial = Path(name)
    try:
        yield partial
        give_usual_mode(partial)
        os.replace(partial, path)
    except (OSError, SafetensorError) as error:
        raise refused(path, error) from error
    finally:
        partial.unlink(missing_ok=True)


def give_usual_mode(path: Path) -> None:
    """Let others read a file as they may read what the user writes: temporary ones are the owner's alone."""
    path.chmod(0o666 & ~_umask())


def nearest(folder: Path) -> Path:
    """The folder where it is there, else the nearest of those above it that is."""
    # Path.exists would raise for a name that is too long.
    return next(each for each in (folder.absolute(), *folder.absolute().parents) if os.path.exists(each))


def open_regular(path: Path) -> BufferedReader:
    """A file opened for reading bytes. Raises OSError, also where it is a folder, a FIFO or a device.

    Whoever hands over files chooses what they are: to open a FIFO would wait for ever, a device need not end.
    """
    # Without blocking, as the kind is only certain once it is open; a regular file never blocks.
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    mode = os.fstat(handle).st_mode
    if not stat.S_ISREG(mode):
        os.close(handle)
        number = errno.EISDIR if stat.S_ISDIR(mode) else errno.EINVAL
        raise OSError(number, "it is a folder" if stat.S_ISDIR(mode) else NOT_REGULAR, str(path))
    return os.fdopen(handle, "rb")


def read_text(path: Path) -> str:
    """A UTF-8 text file. Raises OSError as `open_regular`, UnicodeDecodeError where it is no text."""
    with open_regular(path) as file:
        return file.read().decode("utf-8")


def write_text(path: Path, text: str) -> None:
    """Write a text file, whole or not at all. Raises OutputError where that fails."""
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def refused(path: Path, error: OSError | SafetensorError) -> OutputError:
    """What to raise where the file system refuses to write there."""
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    # Who asked for it may have typed --out or passed a path to a function: neither is named.
    return OutputError(f"{path} cannot be written: {reason}", "choose another folder, or make room there")
