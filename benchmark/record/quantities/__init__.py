"""What a record holds of a task, each quantity declared once, in the lines and sections that tables show.

Every section is a file of its own; what is added to one appears in all tables, pages and checks.
"""

from collections.abc import Iterator

from ..protocol import Protocol
from ..quantity import Quantity, Section
from ..task_record import TaskResult
from .behaviour import BEHAVIOUR
from .causality import CAUSALITY
from .depth import DEPTH
from .direction import DIRECTION
from .effects import EFFECTS
from .faithfulness import FAITHFULNESS
from .function import FUNCTION
from .heterogeneity import HETEROGENEITY
from .neurons import NEURONS
from .overlap import OVERLAP_SECTION
from .reads import READS
from .specialisation import SPECIALISATION
from .structure import STRUCTURE

SECTIONS: tuple[Section, ...] = (
    BEHAVIOUR,
    STRUCTURE,
    OVERLAP_SECTION,
    FAITHFULNESS,
    FUNCTION,
    DEPTH,
    CAUSALITY,
    DIRECTION,
    SPECIALISATION,
    HETEROGENEITY,
    EFFECTS,
    NEURONS,
    READS,
)


def sections_of(*protocols: Protocol) -> tuple[Section, ...]:
    """The sections that one of the protocols asks for; all that there are where none is given."""
    return tuple(one for one in SECTIONS if not protocols or any(map(one.asked_by, protocols)))


def task_quantities(*protocols: Protocol) -> Iterator[Quantity[TaskResult]]:
    """Every quantity of a task that one of the protocols asks for, or all, in the order of the tables."""
    for section in sections_of(*protocols):
        for line in section.lines:
            yield from line.quantities
