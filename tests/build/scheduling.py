"""Which tests run in one process where they run in several (`pytest -n`)."""

import re

from xdist.scheduler import LoadFileScheduling


class Sharing(LoadFileScheduling):  # type: ignore[misc]
    """Tests of a file share what it builds, families of a native class the pairs trained for them."""

    def _split_scope(self, nodeid: str) -> str:
        family = re.search(r"/families/.*[\[-](\w+):", nodeid)
        return f"families of {family[1]}" if family else str(super()._split_scope(nodeid))
