"""What a record holds of a task, each quantity declared once, in the lines and sections that tables show.

Every section is a file of its own; what is added to one appears in all tables, pages and checks.
"""

from collections.abc import Iterator

from ..quantity import Quantity
from ..task_record import TaskResult
from .behaviour import BEHAVIOUR
from .depth import DEPTH
from .direction import DIRECTION
from .effects import EFFECTS
from .faithfulness import FAITHFULNESS
from .function import FUNCTION
from .neurons import NEURONS
from .overlap import OVERLAP_SECTION
from .reads import READS
from .specialisation import SPECIALISATION
from .structure import STRUCTURE

SECTIONS = (
    BEHAVIOUR,
    STRUCTURE,
    OVERLAP_SECTION,
    FAITHFULNESS,
    FUNCTION,
    DEPTH,
    DIRECTION,
    SPECIALISATION,
    EFFECTS,
    NEURONS,
    READS,
)


def task_quantities() -> Iterator[Quantity[TaskResult]]:
    """Every quantity of a task, in the order of the tables."""
    for section in SECTIONS:
        for line in section.lines:
            yield from line.quantities
