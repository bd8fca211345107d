"""A task's version, derived from its source and the data it draws from."""

import hashlib
from pathlib import Path

COMMON = ("example.py", "lexicon.py", "output.py")


def version_of(*sources: str) -> str:
    """First 12 hexadecimal digits of the digest of a task's source files and of what all tasks share.

    `sources` are the task's `__file__` and those of the modules it draws with. Line endings do not count,
    so that a checkout on another system has the same versions.
    """
    room = Path(__file__).parent
    digest = hashlib.sha256()
    for path in (*map(Path, sources), *(room / name for name in COMMON)):
        digest.update(path.read_text(encoding="utf-8").encode("utf-8"))
    return digest.hexdigest()[:12]
