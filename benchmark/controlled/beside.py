"""What is measured beside a pair: its controls and its lines, as declarations."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import UsageError
from ..pairs.checkpoint import find_description
from ..pairs.controls import find_controls, listed_controls
from ..pairs.lines import make_line
from ..pairs.loading import read_tokens
from ..pairs.options import PairOptions
from ..pairs.spec import PairSpec
from ..pairs.words import Words


@dataclass(frozen=True)
class Beside:
    """The controls and lines of a pair.

    `left_out`: by name, why a listed control is not among them although all were asked for.
    """

    controls: tuple[PairSpec, ...] = ()
    lines: tuple[PairSpec, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()

    @property
    def specs(self) -> tuple[PairSpec, ...]:
        """All of them, in the order in which they are measured."""
        return (*self.controls, *self.lines)


def find_beside(
    pair: PairSpec,
    options: PairOptions,
    controls: Sequence[str | Path],
    lines: Sequence[str],
    words: Words = Words.PYTHON,
) -> Beside:
    """What was asked for beside a pair; `options` are what named it.

    Of hub models small files are fetched, but no weights. Raises as `find_controls` and `make_line`, and
    UsageError for a line that is asked for twice.
    """
    if not controls and not lines:
        return Beside()
    described = [find_description(member, options.offline) for member in (pair.arm, pair.mdm)]
    _, _, mask_id = read_tokens(pair, (described[0], described[1]))
    found = find_controls(pair, options, controls, mask_id, words)
    made = tuple(make_line(pair, line, mask_id, words) for line in lines)
    if len({line.name for line in made}) < len(made):
        raise UsageError(f"{words.repeated('line')} asks for one line twice", "give each line once")
    return Beside(found.specs, made, found.left_out)


def why_no_control(pair: PairSpec, options: PairOptions, words: Words) -> str:
    """What a row without a control says of it: that nothing is attributed, and which controls are listed."""
    option = words.repeated("control")
    if names := listed_controls(pair, options):
        return (
            f"control: none, so nothing is attributed to the training; listed for this ARM: "
            f"{', '.join(names)} (give {option} NAME, or {option} siblings for all)"
        )
    return (
        "control: none, so nothing is attributed to the training; none is listed for this ARM (give "
        f"{option} CHECKPOINT: the ARM trained further without diffusion)"
    )
