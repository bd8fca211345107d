"""Write the versions installed beside this interpreter as a pip constraints file: `python lock.py FILE`."""

import sys
from importlib.metadata import distributions
from pathlib import Path

HEADER = "# The versions that the tests pass with. Written by `tox -e lock`; do not edit.\n"
NOT_PINNED = {"mechshift", "pip", "setuptools", "wheel"}


def pins() -> list[str]:
    """Lines `name==version`, sorted by name, without local labels such as `+cpu`."""
    versions = {found.name: found.version.partition("+")[0] for found in distributions()}
    names = sorted(versions.keys() - NOT_PINNED, key=str.lower)
    return [f"{name}=={versions[name]}" for name in names]


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(HEADER + "\n".join(pins()) + "\n")
