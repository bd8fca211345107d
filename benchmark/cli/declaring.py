"""The pair that the options of a command declare."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..pairs.spec import PairSpec


def pair_spec(pair: str | None, arm: str | None, mdm: str | None, **declared: Any) -> "PairSpec":
    """The pair that is meant, see `resolve`; of the options by name those that are None were left out."""
    from ..pairs.options import PairOptions, resolve
    from ..pairs.words import Words

    return resolve(PairOptions(pair, arm, mdm, **declared), Words.COMMAND_LINE)
