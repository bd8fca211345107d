"""The errors that a person sees: what was asked, what was found, and what to do."""

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

LONGEST = 2_000
"""Characters of the longest line of a message."""


def printable(text: str) -> str:
    """The text with every character that a terminal would obey or cannot show escaped, line breaks too."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def defused(text: str) -> str:
    """Lines of output with nothing in them that GitHub takes for a command of a workflow."""
    # `##[command]` is obeyed anywhere in a line, `::command::` at its beginning, behind spaces too.
    return re.sub(r"(?m)^([^\S\n]*):(?=:)", r"\1: ", text.replace("##[", "# #["))


def fitting(text: str) -> str:
    """The text, of a long one its beginning and its end: what a file has in a name can have any length."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 503]} … {text[-500:]}"


def one_line(text: str) -> str:
    """The text on one line, with nothing in it that a terminal or the log of a CI service would obey."""
    return defused(printable(text))


def listed(words: Sequence[str]) -> str:
    """`a, b and c`."""
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


class MechshiftError(Exception):
    """An error with a message for a person and the exit code of the command that met it.

    `problem` says what was asked and what was found, `remedy` what to do about it: a line each. Names out of
    files may be in them, so that whatever a terminal would obey is escaped, line breaks too, and that what is
    long is shortened.
    """

    exit_code = 3

    def __init__(self, problem: str, remedy: str) -> None:
        # Escapes make a text up to ten times as long; of one that is long already little need be escaped.
        self.problem, self.remedy = (fitting(printable(fitting(text))) for text in (problem, remedy))
        super().__init__(f"{self.problem}\n{self.remedy}")


class UsageError(MechshiftError):
    """What was asked for does not exist or contradicts itself (exit code 2)."""

    exit_code = 2


class PairError(MechshiftError):
    """A checkpoint or a declaration about it is not what it was said to be (exit code 2).

    `check` names the load-time check that found it, and is empty where none did.
    """

    exit_code = 2
    check = ""


class NotComputable(MechshiftError):
    """The question was fine and has no number for an answer (exit code 3)."""


class OutputError(MechshiftError):
    """A result could not be written (exit code 3)."""


def unknown(kind: str, name: str, known: Iterable[str]) -> UsageError:
    """The error for a name that is not among the known ones, offering those that are near."""
    names = list(known)
    near = get_close_matches(name, names, n=3, cutoff=0.5)
    remedy = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(names)}"
    return UsageError(f"unknown {kind} {name!r}", remedy)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory did not suffice.

    On an accelerator torch raises a class of its own, on the CPU a RuntimeError told by its text.
    """
    # By name, so that torch need not be imported to ask.
    kinds = {kind.__name__ for kind in type(error).__mro__}
    return bool(kinds & {"MemoryError", "OutOfMemoryError"}) or "allocate memory" in str(error)
