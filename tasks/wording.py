"""Text whose pieces are named by the part they play in a question."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from string import Formatter


@dataclass(frozen=True)
class PromptRole:
    """A piece of a prompt and the part it plays: characters `start` to `end` (not included) of the text."""

    name: str
    start: int
    end: int

    def behind(self, length: int) -> "PromptRole":
        """The same piece where so many characters stand before the text."""
        if not length:
            return self
        return PromptRole(self.name, self.start + length, self.end + length)


@dataclass(frozen=True)
class Marked:
    """A text and the roles of its pieces, in the order in which they stand."""

    text: str
    roles: tuple[PromptRole, ...] = ()


def marked(value: object, role: str) -> Marked:
    """A text that plays one role as a whole."""
    text = str(value)
    return Marked(text, (PromptRole(role, 0, len(text)),))


def filled(template: str, **pieces: Marked | str) -> Marked:
    """A template with its named fields filled in, and where the pieces' roles came to lie.

    As `str.format` does without format specifications. Raises KeyError for a field that is not given.
    """
    parts: list[Marked | str] = []
    for literal, field in _fields(template):
        parts.append(literal)
        if field is not None:
            parts.append(pieces[field])
    return joined("", parts)


# Kept, because a task has few templates and fills each thousands of times.
@lru_cache(maxsize=1 << 12)
def _fields(template: str) -> tuple[tuple[str, str | None], ...]:
    """The pieces of text of a template, each with the name of the field behind it."""
    return tuple((literal, field) for literal, field, _, _ in Formatter().parse(template))


def joined(separator: str, parts: Iterable[Marked | str]) -> Marked:
    """The parts with a separator between them, as `str.join` does, and where their roles came to lie."""
    texts: list[str] = []
    roles: list[PromptRole] = []
    length = 0
    for part in parts:
        if isinstance(part, Marked):
            roles += [role.behind(length) for role in part.roles]
            part = part.text
        texts.append(part)
        length += len(part) + len(separator)
    return Marked(separator.join(texts), tuple(roles))
