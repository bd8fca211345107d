"""Writing a folder of files so that it is there whole or not at all."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...errors import OutputError
from ...files import refused


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A new folder beside `path`, moved to its place when the block ends without an error.

    Raises OutputError where something is there already, or the file system refuses.
    """
    if path.exists():
        raise OutputError(f"{path} cannot be written: it is there already", "choose the name of a new folder")
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        partial.mkdir(parents=True)
        yield partial
        # A rename refuses a folder that has appeared in the meantime, unless it is empty.
        os.rename(partial, path)
    except OSError as error:
        raise refused(path, error) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
