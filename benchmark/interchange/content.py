"""What a file holds, told by its beginning and not by its suffix, as files get renamed."""

import re
from pathlib import Path
from typing import Literal

from ...files import open_regular
from ..record.files import unreadable

Content = Literal["arrays", "graph", "json", "unknown"]


def content_of(path: Path) -> Content:
    """What a file seems to hold: `arrays` (a circuit or scores of a run), an EAP-IG `graph`, other `json`.

    Raises NotComputable for a file that is missing or cannot be read. Whether the rest is as it should be is
    known only to those who read all of it.
    """
    try:
        with open_regular(path) as opened:
            beginning = opened.read(64)
    except OSError as error:
        raise unreadable(path, error) from error
    # Eight bytes of length, little-endian, and then a JSON header. The length is looked at because the
    # library's `{"cfg": {` has a brace at the same place.
    if beginning[4:9] == b"\0\0\0\0{":
        return "arrays"
    # A zip is a `.pt` file; EAP-IG's JSON begins with its `cfg`, a record's does not.
    if beginning.startswith(b"PK\3\4") or re.match(rb'\s*\{\s*"cfg"', beginning):
        return "graph"
    return "json" if beginning.lstrip().startswith(b"{") else "unknown"
