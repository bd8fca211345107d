"""Parameters of tests by family.

Where tests run in several processes, the families of one native class are tested in one: their small pairs
are trained when they are first asked for, which takes most of the time, and share an ARM.
"""

from collections.abc import Iterable

import pytest

from .published import FAMILIES


def of_families(names: Iterable[str]) -> pytest.MarkDecorator:
    """A test is run for each of the families, with its `name`."""
    groups = {name: pytest.mark.xdist_group(f"families of {FAMILIES[name].kind}") for name in names}
    return pytest.mark.parametrize(
        "name", [pytest.param(name, marks=group) for name, group in groups.items()]
    )


EVERY_FAMILY = of_families(FAMILIES)
