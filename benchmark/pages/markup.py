"""HTML and SVG put together from elements; every text is escaped, as names and reasons come from strangers.

Only `tag` and `joined` make `Html`. Whatever else is put into an element, also a part cut out of `Html`, is a
plain string again, and is escaped once more: markup cannot slip in by being forgotten about.
"""

from collections.abc import Iterable
from html import escape
from typing import Union

Child = Union["Html", str, int, float, None, Iterable["Child"]]
Attribute = str | int | float | bool | None

_EMPTY = frozenset(("br", "col", "hr", "input", "link", "meta"))
_SPACES = "\n\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}"


class Html(str):
    """A piece of finished HTML."""

    __slots__ = ()


def tag(name: str, /, *children: Child, **attributes: Attribute) -> Html:
    """The element of that name.

    In the names of attributes `_` stands for `-`, and one at the end is dropped: `class_`, `aria_label`.
    False and None leave an attribute out, True gives it without a value. None as a child is nothing.
    """
    opening = "".join(map(_attribute, attributes.keys(), attributes.values()))
    if name in _EMPTY:
        return Html(f"<{name}{opening}>")
    return Html(f"<{name}{opening}>{joined(children)}</{name}>")


def joined(children: Child) -> Html:
    """The children one after the other."""
    if isinstance(children, Html):
        return children
    if children is None:
        return Html()
    if isinstance(children, str | int | float):
        return Html(escape(visible(str(children)), quote=False))
    return Html("".join(map(joined, children)))


def visible(text: str) -> str:
    """The text with a replacement character for each that acts unseen: control, bidi and the like."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in _SPACES else "\N{REPLACEMENT CHARACTER}" for c in text)


def _attribute(name: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    written = name.rstrip("_").replace("_", "-")
    return f" {written}" if value is True else f' {written}="{escape(visible(str(value)))}"'
