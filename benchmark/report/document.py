"""The report: its sections in their order, and the words that stand whatever the numbers are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..contrast.side import Side
from ..record.row import pair_quantities
from ..tables.table import protocol_name
from ..verdict.verdict import PairVerdict
from .doubts import doubts, failed, missing
from .markdown import bullets, name, names, paragraph, text
from .measured import measured
from .numbers import headline_tables, reads_tables, rows_table, section_tables, transfer_tables
from .reading import reading
from .seeds import over_seeds, seeds_table
from .sources import Sources
from .verdict import INTERVALS_OF_SEEDS, by_pair, summary_of, verdict_body

PAPER = (
    "Kong, Lee and Jo, *Mechanism Shift During Post-training from Autoregressive to Masked Diffusion "
    "Language Models*, arXiv 2601.14758"
)


@dataclass(frozen=True)
class Figure:
    """A figure of a pair: what it shows, and where its file lies from the document."""

    title: str
    path: str


Figures = Mapping[str, Sequence[Figure]]
"""Those of each pair, by its name."""


def document(sources: Sources, figures: Figures | None = None) -> str:
    """The whole report as Markdown, the same for the same records; `figures` are linked."""
    verdicts = [sources.verdict_of(pair) for pair in sources.pairs]
    together = sources.verdict_of_seeds() if sources.seeds else None
    parts = [
        f"# {_title(sources)}",
        paragraph(
            f"""Written by `mechshift report` from {_counted(sources)} under protocol
            {text(protocol_name(sources.pairs[0].record))}. Every number in it is one that the records hold or
            that follows from theirs by code; none was typed."""
        ),
        *_summary(verdicts, together),
        *measured(sources),
        *(_over_seeds(sources, together, verdicts) if together else ()),
        *(
            part
            for pair, verdict in zip(sources.pairs, verdicts, strict=True)
            for part in _pair(sources, pair, verdict, figures or {})
        ),
        *reading(sources.pairs[0].record.protocol, sources.seeds),
        *_citation(),
    ]
    return "\n\n".join(parts) + "\n"


def _title(sources: Sources) -> str:
    pairs, controls = (
        names([side.record.pair.name for side in sides]) for sides in (sources.pairs, sources.controls)
    )
    beside = f" beside {controls}" if sources.controls else ""
    return f"What changed from ARM to MDM: {pairs}{beside}"


def _counted(sources: Sources) -> str:
    pairs, controls = len(sources.pairs), len(sources.controls)
    found = f"{pairs} record{'s' * (pairs != 1)}"
    return found + (f" and {controls} of controls" if controls else "")


def _summary(verdicts: Sequence[PairVerdict], together: PairVerdict | None) -> list[str]:
    found = ["## Summary"]
    shown = [together] if together else verdicts
    for verdict in shown:
        if len(shown) > 1:
            found.append(f"{name(verdict.pair)}:")
        found.append(bullets([*_control(verdict), *summary_of(verdict)]))
    return found


def _control(verdict: PairVerdict) -> list[str]:
    if verdict.controls:
        return []
    return ["Control: none. What changed cannot be told from what any further training changes."]


def _over_seeds(sources: Sources, together: PairVerdict, verdicts: Sequence[PairVerdict]) -> list[str]:
    pairs, controls = ([side.record.summary for side in sides] for sides in (sources.pairs, sources.controls))
    return [
        "## The verdict over seeds",
        *verdict_body(together, INTERVALS_OF_SEEDS),
        "### Seed by seed",
        by_pair(verdicts),
        "### The row over seeds",
        paragraph(
            """Means over seeds have Student's interval, their difference has Welch's. They say what other
            seeds would give on these prompts."""
        ),
        seeds_table(over_seeds(each, pairs, controls) for each in pair_quantities()),
    ]


def _pair(sources: Sources, pair: Side, verdict: PairVerdict, figures: Figures) -> list[str]:
    record, controls = pair.record, sources.beside(pair)
    beside = [each.record for each in controls]
    called = name(record.pair.name)
    return [
        f"## {called}",
        f"### Verdict on {called}",
        *verdict_body(verdict),
        f"### The row of {called}",
        rows_table([record, *beside]),
        f"### Headlines of {called} by task",
        *headline_tables(record, beside),
        *_figures(figures.get(record.pair.name, ())),
        f"### Transfer and circuits of other tasks: {called}",
        *transfer_tables(record),
        f"### {called} at other reads",
        *reads_tables(record),
        f"### All values of {called} by task",
        *section_tables(record),
        f"### Doubts about {called}",
        *doubts(pair, controls),
        f"### What could not be computed of {called}",
        *(bullets([each]) for each in failed(record)),
        *missing(record),
    ]


def _figures(figures: Sequence[Figure]) -> list[str]:
    return [f"![{text(figure.title)}](<{figure.path}>)" for figure in figures]


def _citation() -> list[str]:
    return [
        "## Citation",
        paragraph(
            f"""Cite mechshift with its version, which stands above, and the paper whose comparison it
            implements: {PAPER}."""
        ),
    ]
