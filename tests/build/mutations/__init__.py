"""Files that are almost right: valid ones with a thing or two changed, as damage or malice changes them.

Everything is drawn from the generator that is given: the same draws, the same file.
"""

import gzip
import warnings
from collections.abc import Callable, Mapping
from random import Random
from typing import Literal

from .archives import change_zip
from .damage import damaged
from .json_text import change_json
from .pickles import change_pt
from .tensors import change_tensors
from .toml_text import change_toml

Form = Literal["json", "json.gz", "toml", "zip", "safetensors", "pt", "text"]
"""What a file is made of."""

DAMAGED = 0.2
"""Share of the changes that know nothing of the form."""


def mutated(content: bytes, form: Form, random: Random) -> bytes:
    """The content of a file with one to three changes; whatever cannot be taken apart any more is damaged."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of tensors of new or old kinds, and of names that are there twice
        for _ in range(random.choice((1, 1, 1, 2, 3))):
            content = _changed(content, form, random)
    return content


def _changed(content: bytes, form: Form, random: Random) -> bytes:
    change = CHANGES.get(form)
    if change is None or random.random() < DAMAGED:
        return damaged(content, random)
    try:
        return change(content, random)
    except Exception:  # an earlier change has broken it, in whatever way
        return damaged(content, random)


def _change_packed(content: bytes, random: Random) -> bytes:
    return gzip.compress(change_json(gzip.decompress(content), random), mtime=0)


CHANGES: Mapping[Form, Callable[[bytes, Random], bytes]] = {
    "json": change_json,
    "json.gz": _change_packed,
    "toml": change_toml,
    "zip": change_zip,
    "safetensors": change_tensors,
    "pt": change_pt,
}
"""What changes a file of a form, which has to be whole."""
