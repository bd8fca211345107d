"""The small part of YAML that the Hub's files need, written so that every reader takes it for the same."""

import math
from collections.abc import Iterator, Mapping, Sequence

Node = str | int | float | Mapping[str, "Node"] | Sequence["Node"]
"""What can be written: texts, finite numbers, and mappings and sequences of them."""

_WORDS = set("y n yes no on off true false null".split())
"""What is a truth value or nothing to a reader, and no name."""


def to_yaml(content: Mapping[str, Node] | Sequence[Node]) -> str:
    """Content as block-style YAML that ends with a line break; the same content gives the same text.

    Every text is in double quotes. Raises ValueError for a number that is not finite, or a key that is no
    plain name.
    """
    # PyYAML writes for readers of YAML 1.1, and the Hub's pages read 1.2: an unquoted 1e3, 0o17 or no is a
    # text to one of them and a number or a truth value to the other. Quoted, all are texts to both.
    return "\n".join(_block(content)) + "\n"


def _block(content: Mapping[str, Node] | Sequence[Node]) -> Iterator[str]:
    if isinstance(content, Mapping):
        for key, value in content.items():
            if not key.isidentifier() or key.lower() in _WORDS:
                raise ValueError(f"the key {key!r} would need quotes")
            yield from _labelled(f"{key}:", value)
        return
    for value in content:
        yield from _item(value)


def _labelled(label: str, value: Node) -> Iterator[str]:
    """A key with its value on the same line, or with a block below it, indented."""
    if isinstance(value, str | int | float):
        yield f"{label} {_scalar(value)}"
    elif not value:
        yield f"{label} {'{}' if isinstance(value, Mapping) else '[]'}"
    else:
        yield label
        yield from (f"  {line}" for line in _block(value))


def _item(value: Node) -> Iterator[str]:
    """An item of a sequence, whose block begins on the line of its dash."""
    if isinstance(value, str | int | float):
        yield f"- {_scalar(value)}"
    elif not value:
        yield f"- {'{}' if isinstance(value, Mapping) else '[]'}"
    else:
        for index, line in enumerate(_block(value)):
            yield f"  {line}" if index else f"- {line}"


def _scalar(value: str | int | float) -> str:
    if isinstance(value, str):
        return '"' + "".join(map(_escaped, value)) + '"'
    if not math.isfinite(value):
        raise ValueError(f"{value} is not finite")
    if isinstance(value, bool):
        return "true" if value else "false"
    written = repr(value)
    # YAML 1.1 takes a number with an exponent but without a point for a text.
    return written.replace("e", ".0e") if "e" in written and "." not in written else written


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    return character if character.isprintable() else f"\\U{ord(character):08x}"
