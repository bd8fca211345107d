"""How either interface writes the name of an option, so that a message can be acted on where it is read."""

import json
from enum import Enum


class Words(Enum):
    """The interface in whose words a message names an option."""

    COMMAND_LINE = "command line"
    PYTHON = "Python"

    def option(self, name: str) -> str:
        """`--mask-token` or `mask_token=`, for the option `mask_token`."""
        return f"--{name.replace('_', '-')}" if self is Words.COMMAND_LINE else f"{name}="

    def repeated(self, name: str) -> str:
        """`--control` or `controls=`: what is given several times on a command line is a list in Python."""
        return self.option(name if self is Words.COMMAND_LINE else f"{name}s")

    def given(self, name: str, value: object) -> str:
        """An option as it was given: `--no-shift` or `shift=False`; of the command line without its value."""
        if self is Words.PYTHON:
            return f"{name}={value!r}"
        return self.option(f"no_{name}" if value is False else name)


SWAP = "swap --arm and --mdm (in Python arm= and mdm=)"
"""What to do about members that were exchanged."""


def in_either(name: str) -> str:
    """The option in both interfaces, for what is found while loading: either may have asked for that."""
    return f"{Words.COMMAND_LINE.option(name)} (in Python {Words.PYTHON.option(name)})"


def given_in_either(entry: bool = False, **values: object) -> str:
    """Options with their values in both interfaces: `--no-shift (in Python shift=False)`.

    With `entry` also as keys of a pair's entry.
    """
    typed = " ".join(
        Words.COMMAND_LINE.given(name, value) + ("" if isinstance(value, bool) else f" {value}")
        for name, value in values.items()
    )
    python = ", ".join(Words.PYTHON.given(name, value) for name, value in values.items())
    keys = " and ".join(f"{name} = {json.dumps(value)}" for name, value in values.items())
    return f"{typed} (in Python {python}{f'; in an entry {keys}' if entry else ''})"
