"""Which tests run in one process where they run in several (`pytest -n`), and which of them first."""

import re
from collections import Counter
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

LONG = (
    "test_newcomers.py",
    "test_docs.py",
    "run/test_crew.py",
    "controlled/test_run.py",
    "run/test_run.py",
    "forecast/test_workload.py",
    "pages/test_browser.py",
    "test_readme.py",
    "test_packaging.py",
    "test_round_trip.py",
)
"""Files of few tests that take half a minute or more, whole runs and wheels that are built, longest first."""


def longest_first(items: list[pytest.Item]) -> None:
    """Put files that take long first, then those of many tests: what begins last should be short."""
    tests = Counter(item.path for item in items)

    def place(item: pytest.Item) -> tuple[int, int]:
        long = (number for number, name in enumerate(LONG) if item.path.as_posix().endswith(f"/{name}"))
        return next(long, len(LONG)), -tests[item.path]

    items.sort(key=place)


class Sharing(LoadFileScheduling):  # type: ignore[misc]
    """Tests of a file share what it builds, families of a native class the pairs trained for them.

    Tests of tasks share the examples that they draw, ten thousand of each. They are begun as `longest_first`
    puts them, and not those of many tests first.
    """

    def __init__(self, config: pytest.Config, log: Any) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        family = re.search(r"/families/.*[\[-](\w+):", nodeid)
        if family:
            return f"families of {family[1]}"
        # Those of versions draw in processes of their own.
        if re.search("tests/tasks/(?!test_versions)", nodeid):
            return "examples of tasks"
        return str(super()._split_scope(nodeid))
