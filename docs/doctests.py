"""Examples in docstrings, shown as code on the site: a griffe extension, named in mkdocs.yml."""

import re
from typing import Any

from griffe import Extension, Object

EXAMPLE = re.compile(r"^>>> .*(?:\n.+)*", re.MULTILINE)
"""A line that begins with the prompt and all that follows it, up to a blank line."""


class Doctests(Extension):
    """Fences doctests, which Markdown would take for quotations."""

    def on_object(self, *, obj: Object, **kwargs: Any) -> None:
        """Rewrite the docstring of one object."""
        if obj.docstring is not None:
            obj.docstring.value = EXAMPLE.sub(r"```pycon\n\g<0>\n```", obj.docstring.value)
