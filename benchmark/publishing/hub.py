"""Results for a model's page on the Hub: files of the folder `.eval_results` of its repository."""

from ...errors import NotComputable, UsageError
from ..record.missing import Missing
from ..record.number import Measured, Number
from ..record.record import Record
from ..record.row import pair_quantities
from ..record.summary import SUITES
from ..tables.cells import plain
from .publication import HubPlace, PublishedRecord, called, caveats, suite_id
from .yaml import Node, to_yaml

FOLDER = ".eval_results"
SOURCE = "mechshift record"
"""What the link to the record is called on the model's page."""

# A page shows, and ranks by, one number for each task of a benchmark. The similarity ρ is the one that
# means something by itself, on one scale for all pairs and whatever the number of prompts: 0 is nothing in
# common, 1 proportional scores. The task-dependent shift is a difference, whose size says nothing of either
# suite, and accuracies are a condition of the comparison and not its result.
HEADLINES = {suite: f"similarity_{suite}" for suite in SUITES}
"""Of each suite the name of the quantity that its file holds."""


def eval_results(publication: PublishedRecord) -> dict[str, bytes]:
    """The files that the MDM's repository gets, by path: one for each suite, with ρ as its one entry.

    A suite whose value is missing has no file, and the other's notes say why. Raises UsageError without a
    repository of the benchmark, and NotComputable where both values are missing.
    """
    if publication.dataset is None:
        raise UsageError(
            "an entry on the Hub names the repository of the benchmark, and none was given",
            "give --dataset ORG/NAME, the repository made by mechshift tasks export --dataset",
        )
    found = {suite: headline(publication.record, suite) for suite in SUITES}
    missing = {suite: plain(value.missing) for suite, value in found.items() if isinstance(value, Missing)}
    if len(missing) == len(found):
        reasons = "; ".join(f"{suite}: {reason}" for suite, reason in missing.items())
        raise NotComputable(
            f"the record has no similarity to publish: {reasons}", "name a record that has one for a suite"
        )
    files = {}
    for suite, value in found.items():
        if isinstance(value, Number):
            entry = _entry(publication, publication.dataset, suite, value, missing)
            name = f"{FOLDER}/mechshift-{suite_id(publication.record.protocol, suite)}.yaml"
            files[name] = to_yaml([entry]).encode()
    return files


def headline(record: Record, suite: str) -> Measured:
    """The number by which a pair is listed for a suite: the mean of ρ over its tasks."""
    quantity = next(each for each in pair_quantities() if each.name == HEADLINES[suite])
    return quantity.of(record.summary)


def _entry(
    publication: PublishedRecord, dataset: HubPlace, suite: str, value: Number, missing: dict[str, str]
) -> dict[str, Node]:
    # Never with `verifyToken`, which only the Hub's own jobs can make.
    place: dict[str, Node] = {"id": dataset.id, "task_id": suite_id(publication.record.protocol, suite)}
    if dataset.revision is not None:
        place["revision"] = dataset.revision
    entry: dict[str, Node] = {"dataset": place, "value": value.value}
    if publication.made is not None:
        entry["date"] = publication.made.isoformat()
    if publication.url is not None:
        entry["source"] = {"url": publication.url, "name": SOURCE}
    return {**entry, "notes": _notes(publication, suite, value, missing)}


def _notes(publication: PublishedRecord, suite: str, value: Number, missing: dict[str, str]) -> str:
    """On one line what the number is, its interval, and what not to read it without."""
    record = publication.record
    interval = (
        "without an interval"
        if value.low is None or value.high is None
        else f"95 % interval [{value.low:.4f}, {value.high:.4f}]"
    )
    tasks = ", ".join(plain(task.task) for task in record.tasks if task.suite == suite)
    said = [
        "similarity ρ of the edge scores of MDM and ARM (0: nothing in common, 1: proportional; not a score)",
        interval,
        f"{called(record.protocol)}, {suite} tasks: {tasks}",
        f"ARM: {plain(record.pair.arm.checkpoint)}",
    ]
    absent = [f"{other}: missing, {reason}" for other, reason in missing.items()]
    # Caveats come first, because a page may cut what is long.
    return ". ".join([*caveats(publication), *said, *absent])
