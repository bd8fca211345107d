"""How commands print: JSON, and text as wide as the terminal."""

import json
import os
import shutil
import sys
from typing import Any


def print_json(content: Any) -> None:
    """Print a value as indented JSON."""
    print(json.dumps(content, indent=1, ensure_ascii=False))


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
