"""The verdict on the reference family, as it stands on a page between two marks."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...benchmark.contrast.side import read_side
from ...benchmark.record.files import read_model
from ...benchmark.record.protocol import get_protocol
from ...benchmark.record.record import Record
from ...benchmark.report.doubts import doubts
from ...benchmark.report.markdown import bullets, paragraph
from ...benchmark.report.verdict import INTERVALS_OF_SEEDS, by_pair, summary_of, verdict_body
from ...benchmark.verdict.over_seeds import judge_seeds
from ...benchmark.verdict.verdict import PairVerdict, judge
from ...errors import NotComputable, UsageError, listed
from ...files import read_text, write_text
from ..structure.kept import kept_record
from ..structure.roster import BASE, CONTROLS, LOW, PAIRS, POST_TRAINED, SCRATCH, SEEDS, control_of

PROTOCOL = "v2"
BEGIN = "<!-- Written by `python -m mechshift.baselines.report --page`; do not edit. -->"
END = "<!-- End of what is written by `python -m mechshift.baselines.report --page`. -->"


@dataclass(frozen=True)
class CurrentRecords:
    """The records of reference pairs under the protocol's version of today, by name."""

    records: dict[str, Record]

    @property
    def absent(self) -> list[str]:
        """The pairs without one."""
        return [pair for pair in PAIRS if pair not in self.records]

    def of(self, pairs: Sequence[str]) -> list[Record]:
        """Those of these pairs that there are."""
        return [self.records[pair] for pair in pairs if pair in self.records]

    def beside(self, pair: str) -> list[Record]:
        """The controls that a pair is held against: of its own seed, and of another rate."""
        return self.of([control_of(pair), LOW])


def read_current(folder: Path) -> CurrentRecords:
    """The records `folder/PAIR/record.json`, or `record.json.gz`, of the protocol as it is now.

    Those of another version are passed over, as they cannot be compared.
    """
    found = {}
    for pair in PAIRS:
        path = kept_record(folder / pair)
        if path is None:
            continue
        try:
            record = read_model(path, Record)
        except NotComputable:
            continue
        if record.protocol == get_protocol(PROTOCOL):
            found[pair] = record
    return CurrentRecords(found)


def write_page(page: Path, family: CurrentRecords) -> None:
    """Write the verdict anew between the page's marks.

    Raises UsageError for a page without them, and OutputError where it cannot be written.
    """
    write_text(page, with_verdict(read_text(page), family, page.name))


def with_verdict(page: str, family: CurrentRecords, called: str = "the page") -> str:
    """The page with what stands between its marks written anew. Raises UsageError for a page without them."""
    marked = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    if not marked.search(page):
        raise UsageError(
            f"{called} has no place for the verdict", f"put there a line {BEGIN} and a line {END}"
        )
    return marked.sub(lambda _: "\n\n".join((BEGIN, *verdict_parts(family), END)), page)


def verdict_parts(family: CurrentRecords) -> Iterator[str]:
    """What is stated of the family with all that decides it, first of the recipe of several seeds."""
    protocol = get_protocol(PROTOCOL)
    version = f"{protocol.name}@{protocol.version}"
    seeds, controls = family.of(SEEDS), family.of(CONTROLS)
    if len(seeds) < 2 or len(controls) < 2:
        yield paragraph(
            f"There are not yet records of two seeds of `{BASE}` and of its control under {version}."
        )
        return
    together = judge_seeds(seeds, controls)
    alone = {pair: _judge(family, pair) for pair in (*POST_TRAINED, SCRATCH) if pair in family.records}
    yield paragraph(
        f"""From the records under {version} of {_named(seeds)}, one recipe with {len(seeds)} seeds, held
        against its control with {len(controls)}, {_named(controls)}. The records are kept without resampled
        values: a pair and its control are taken for independent, and intervals of their differences are wide.
        {_absent(family)}"""
    )
    yield bullets(summary_of(together))
    yield "### What decides it, over seeds"
    yield from verdict_body(together, INTERVALS_OF_SEEDS)
    yield "### Every pair by itself"
    yield paragraph(
        """Each beside the control of its own seed, and beside that at a constant low rate where there is a
        record of it. Intervals are for other prompts alone."""
    )
    yield by_pair(list(alone.values()))
    for pair, verdict in alone.items():
        if pair not in SEEDS:
            yield f"### `{pair}`"
            yield from verdict_body(verdict)
    yield f"### Doubts about `{BASE}`"
    side = read_side(family.records[BASE] if BASE in family.records else seeds[0])
    yield from doubts(side, [read_side(control) for control in family.beside(side.record.pair.name)])


def _judge(family: CurrentRecords, pair: str) -> PairVerdict:
    return judge(family.records[pair], family.beside(pair))


def _named(records: Sequence[Record]) -> str:
    return listed([f"`{record.pair.name}`" for record in records])


def _absent(family: CurrentRecords) -> str:
    if not family.absent:
        return ""
    return f"There is no record under this version yet of {listed([f'`{pair}`' for pair in family.absent])}."
