"""What was found at the reads beside the headline's, and how a cell keeps it with its resampled values."""

from pathlib import Path
from typing import Any

from pydantic import RootModel, ValidationError

from ...errors import NotComputable
from .draws import map_numbers, read_draws, read_note, write_draws
from .protocol import Beside
from .types import AtRead, Missing, Number

NOTE = "stages"


class Stages(RootModel[dict[Beside, AtRead | Missing]]):
    """What was found at each read beside the headline's, in the protocol's order; why there is nothing."""

    def of_enough(self, minimum: int) -> "Stages":
        """The same without the reads of fewer examples than that, each with this reason."""
        return Stages(
            {
                read: Missing(
                    missing=f"{at.examples} discovery examples have this read: fewer than the {minimum} that "
                    "the protocol needs"
                )
                if isinstance(at, AtRead) and at.examples < minimum
                else at
                for read, at in self.root.items()
            }
        )

    def save(self, path: Path) -> None:
        """Write it with the draws of its numbers, whole or not at all.

        Raises OutputError where that fails.
        """
        draws: dict[str, Any] = {}

        def keep(place: str, number: Number) -> Number:
            if number.draws is not None:
                draws[place] = number.draws
            return number

        map_numbers(self.root, NOTE, keep)
        write_draws(draws, path, {NOTE: self.model_dump_json()})

    @classmethod
    def load(cls, path: Path) -> "Stages":
        """Read it back with its draws. Raises NotComputable for a file that holds anything else."""
        draws = read_draws(path)
        try:
            found = cls.model_validate_json(read_note(path, NOTE))
        except ValidationError as error:
            raise NotComputable(
                f"{path} holds no reads beside a headline's: {error.errors()[0]['msg']}",
                "name a file that mechshift wrote, or make it again",
            ) from error

        def add(place: str, number: Number) -> Number:
            return number.drawn(draws[place]) if place in draws else number

        return cls(map_numbers(found.root, NOTE, add))
