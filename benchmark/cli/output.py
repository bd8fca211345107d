"""How commands print: JSON, and text as wide as the terminal."""

import json
import os
import shutil
import sys
from typing import Any

from ...errors import defused


def print_json(content: Any) -> None:
    """Print a value as indented JSON."""
    print_json_text(json.dumps(content, indent=1, ensure_ascii=False))


def print_json_text(text: str) -> None:
    """Print what is JSON already."""
    # `##[` is a command to GitHub, wherever it stands in a log; in JSON it can only be within a string.
    print(text.replace("##[", "#\\u0023["))


def print_text(text: str) -> None:
    """Print a table or another text for people, with nothing in it that a CI service would obey."""
    print(defused(text))


def width() -> int:
    """Columns of the terminal, or what COLUMNS says; 120 for a file or a pipe, which have none."""
    from ..tables.layout import WIDTH

    return shutil.get_terminal_size((WIDTH, 0)).columns


def flush() -> None:
    """Results that cannot be printed are an error now; at exit the interpreter would only grumble."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise
