"""Parameters of tests by family.

The small pairs of families are trained when they are first asked for, which takes most of the time of these
tests. Those of one native class share an ARM: their names in a test's id have the class before them, by which
they are kept in one process (build.scheduling).
"""

from collections.abc import Iterable

import pytest

from .published import FAMILIES


def of_families(names: Iterable[str]) -> pytest.MarkDecorator:
    """A test is run for each of the families, with its `name`."""
    ids = {name: f"{FAMILIES[name].kind}:{name}" for name in names}
    return pytest.mark.parametrize("name", ids, ids=ids.values())


EVERY_FAMILY = of_families(FAMILIES)
