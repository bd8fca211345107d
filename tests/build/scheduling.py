"""Which tests run in one process where they run in several (`pytest -n`)."""

import re

from xdist.scheduler import LoadFileScheduling


class Sharing(LoadFileScheduling):  # type: ignore[misc]
    """Tests of a file share what it builds, families of a native class the pairs trained for them.

    Tests of tasks share the examples that they draw, ten thousand of each.
    """

    def _split_scope(self, nodeid: str) -> str:
        family = re.search(r"/families/.*[\[-](\w+):", nodeid)
        if family:
            return f"families of {family[1]}"
        # Those of versions draw in processes of their own.
        if re.search("tests/tasks/(?!test_versions)", nodeid):
            return "examples of tasks"
        return str(super()._split_scope(nodeid))
