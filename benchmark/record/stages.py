"""The cell of the reads beside the headline's, kept with the resampled values of its numbers."""

from pathlib import Path

from pydantic import ValidationError

from ...errors import NotComputable
from .draws import map_numbers, numbers_in, read_draws, read_note, write_draws
from .missing import Missing
from .number import Number
from .reads import AtRead, Stages

_NOTE = "stages"


def save_stages(stages: Stages, path: Path) -> None:
    """Write it with the draws of its numbers, whole or not at all. Raises OutputError where that fails."""
    drawn = {place: one.draws for place, one in numbers_of(stages).items() if one.draws is not None}
    write_draws(drawn, path, {_NOTE: stages.model_dump_json()})


def load_stages(path: Path) -> Stages:
    """Read it back with its draws. Raises NotComputable for a file that holds anything else."""
    draws = read_draws(path)
    try:
        found = Stages.model_validate_json(read_note(path, _NOTE))
    except ValidationError as error:
        raise NotComputable(
            f"{path} holds nothing of other reads: {error.errors()[0]['msg']}",
            "name a file that mechshift wrote, or make it again",
        ) from error

    def add(place: str, number: Number) -> Number:
        return number.drawn(draws[place]) if place in draws else number

    whole = map_numbers(found, _NOTE, add)
    assert isinstance(whole, Stages)
    return whole


def numbers_of(stages: Stages) -> dict[str, Number]:
    """Every number by its place."""
    return dict(numbers_in(stages, _NOTE))


def of_enough(stages: Stages, minimum: int) -> Stages:
    """The same without the reads of fewer examples than that, each with this reason."""
    reads = {
        read: _too_few(found.examples, minimum)
        if isinstance(found, AtRead) and found.examples < minimum
        else found
        for read, found in stages.reads.items()
    }
    return stages.model_copy(update={"reads": reads})


def _too_few(examples: int, minimum: int) -> Missing:
    return Missing(
        missing=f"{examples} discovery examples have this read: fewer than the {minimum} that the protocol "
        "needs"
    )
