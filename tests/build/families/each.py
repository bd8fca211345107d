"""Parameters of tests by family.

Their names in a test's id have the native class before them, by which those of one class are kept in one
process, which then reads and loads each once (build.scheduling).
"""

from collections.abc import Iterable

import pytest

from .published import FAMILIES


def of_families(names: Iterable[str]) -> pytest.MarkDecorator:
    """A test is run for each of the families, with its `name`."""
    ids = {name: f"{FAMILIES[name].kind}:{name}" for name in names}
    return pytest.mark.parametrize("name", ids, ids=ids.values())


EVERY_FAMILY = of_families(FAMILIES)
