"""The Python interface: load a pair, run it as a record, get its edge scores as arrays, read what was kept.

torch is imported by the functions that need it, so that records are read and tables made without.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .benchmark.circuits.graph import Graph
from .benchmark.interchange.content import content_of
from .benchmark.record.files import read_model
from .benchmark.record.folder import read_folder
from .benchmark.record.protocol import Protocol, get_protocol
from .benchmark.record.record import Record
from .errors import NotComputable, UsageError
from .files import RESULTS
from .metrics import group_mean

if TYPE_CHECKING:
    import pandas

    from .benchmark.board.rows import Board
    from .benchmark.circuits.circuit import Circuit
    from .benchmark.contrast.comparison import RecordComparison
    from .benchmark.controlled.run import ControlledRun
    from .benchmark.findings.finding import Finding
    from .benchmark.measure.score_sums import ScoreSums
    from .benchmark.pairs.options import PairOptions
    from .benchmark.pairs.pair import Pair
    from .benchmark.pairs.spec import PairSpec, Precision
    from .benchmark.record.robustness import Robustness, VariedKind
    from .benchmark.verdict.verdict import PairVerdict

Location = str | Path
"""A path as text or as a Path; where a checkpoint is meant, also a hub id."""


@dataclass(frozen=True, eq=False)
class EdgeScores:
    """Edge scores of both members on the same examples, as arrays for `mechshift.metrics`.

    `arm`, `mdm`: score sums [groups, sources, destinations], positive where an edge supports the task;
    `counts`: [groups] examples; `clusters`: the template of each group. `graph` names the axes, and its
    `mask` says which edges exist.
    """

    graph: Graph
    arm: NDArray[np.float64]
    mdm: NDArray[np.float64]
    counts: NDArray[np.int64]
    clusters: tuple[str, ...]

    def __repr__(self) -> str:
        return (
            f"EdgeScores({self.graph.edges:,} edges, {int(self.counts.sum())} examples in "
            f"{len(self.counts)} groups of {len(set(self.clusters))} templates)"
        )

    def to_frame(self) -> "pandas.DataFrame":
        """A row per edge of the graph, in the order of `graph.edge_names()`.

        Columns: source, destination (names), source_layer (−1: the input), destination_layer (the number of
        layers: the logits), source_kind, destination_kind, and arm, mdm: mean scores over the examples.
        """
        import pandas

        graph = self.graph
        sources, destinations = np.nonzero(graph.mask)
        return pandas.DataFrame(
            {
                "source": np.array(graph.source_names)[sources],
                "destination": np.array(graph.destination_names)[destinations],
                "source_layer": graph.source_layers[sources],
                "destination_layer": graph.destination_layers[destinations],
                "source_kind": graph.source_kinds[sources],
                "destination_kind": graph.destination_kinds[destinations],
                "arm": group_mean(self.arm, self.counts)[graph.mask],
                "mdm": group_mean(self.mdm, self.counts)[graph.mask],
            }
        )


def load(
    arm: Location,
    mdm: Location | None = None,
    *,
    shift: bool | None = None,
    attention: str | None = None,
    as_control: bool | None = None,
    mask_token: str | int | None = None,
    revision: str | None = None,
    arm_revision: str | None = None,
    name: str | None = None,
    dtype: "Precision | None" = None,
    device: str | None = None,
    device_map: "Location | Mapping[str, int | str] | None" = None,
    offline: bool = False,
    accept_behaviour: bool = False,
) -> "Pair":
    """A pair by name or FILE.toml (one argument), or of two directories or hub ids, after every check.

    The declarations are the second member's: an MDM with shift and full attention unless told otherwise, or
    with `as_control` the ARM trained on. `revision` is its hub commit, tag or branch, `arm_revision` the
    first one's; or write ID@REVISION. `name` is what a pair of two checkpoints is called, `dtype` the
    precision of both members' weights (None: as stored), `device` where they go (None: an accelerator where
    there is one). In its place `device_map` spreads the layers of each member over several devices: "auto",
    "balanced", "sequential", or the device of each module, as a mapping or a JSON file. `offline` takes hub
    models from the cache and asks nothing of the network.
    `accept_behaviour` takes an MDM that fills gaps better in another way than the declared one; the pair's
    confounds then say so. Raises UsageError for an unknown name, attention or dtype, for declarations about a
    named pair, which has its own, and for a map that does not fit the model, PairError for a checkpoint that
    is not what it is declared to be.
    """
    from .benchmark.admission.load import load_pair
    from .benchmark.pairs.options import PairOptions, place_of, resolve

    which: dict[str, Any] = {"pair": arm} if mdm is None else {"arm": arm, "mdm": mdm}
    options = PairOptions(
        **which,
        shift=shift,
        attention=attention,
        as_control=as_control,
        mask_token=mask_token,
        revision=revision,
        arm_revision=arm_revision,
        name=name,
        dtype=dtype,
        device=device,
        device_map=device_map,
    )
    return load_pair(resolve(options), place_of(options), offline, accept_behaviour)


def run(
    pair: "Pair | Location",
    protocol: str | Protocol = "quick",
    tasks: str | Sequence[str] | None = None,
    level: str | None = None,
    out: Location = RESULTS,
    rows: int | None = None,
    progress: bool | None = None,
    workers: int = 1,
    scores: str | None = None,
    selection: str | None = None,
) -> Record:
    """The record of a pair under a protocol, on the named tasks or all of the protocol's suite.

    `pair`: a loaded pair, or the name of one, which is loaded as `load` does. What is already in `out` is not
    done again. `rows`: token rows at once (None: 64); no number depends on it beyond rounding. `progress`:
    whether to show bars (None: on a terminal and in a notebook). While a cell is computed a model narrower
    than 512 has one thread of the CPU, as on the command line; then torch has as many again as before.
    `workers`: processes that share the work, each of which loads the pair; no number depends on it. The same
    call in another process with the same folder joins in.
    `scores`: what edges are scored by (`eap-ig`, `eap`, `relp`, `gim`, `exact`), `selection`: which come
    first in circuits (`absolute`, `positive`, `consistent`, `frequent`); None: as the protocol says. Where
    that is another, the record has a protocol of another name, which no board takes.
    Raises UsageError for an unknown name, NotComputable where no task gives a comparison, OutputError where
    `out` cannot be written or has a record of that name of another pair or protocol, and for a name what
    `load` raises.
    """
    from .benchmark.asking.states import ROWS
    from .benchmark.run.progress import choose_progress
    from .benchmark.run.run import run as measure

    names = [tasks] if isinstance(tasks, str) else tasks
    batch = ROWS if rows is None else rows
    told = choose_progress(_quiet(progress))
    fixed = _protocol(protocol).varied(scores, selection)
    return measure(_loaded(pair), fixed, Path(out), names, level, batch, told, workers)


def run_with_controls(
    pair: "Pair | Location",
    controls: "Sequence[Location]" = (),
    lines: Sequence[str] = (),
    protocol: str | Protocol = "quick",
    tasks: str | Sequence[str] | None = None,
    level: str | None = None,
    out: Location = RESULTS,
    rows: int | None = None,
    progress: bool | None = None,
    workers: int = 1,
) -> "ControlledRun":
    """The records of a pair, of its controls and of its lines, and the verdict on the pair.

    `controls`: each a listed control pair, the checkpoint (directory or hub id) of the same ARM trained
    further without diffusion, a FILE.toml, or "siblings" for all that are listed for the pair. `lines`:
    "arm-bidirectional", "mdm-causal", "noise" or "noise:SEED"; nothing is attributed by them. All are
    measured under the same protocol, tasks and level, one after the other: a pair that is named is given back
    before the next is loaded, a loaded one stays in memory. Other arguments are those of `run`, and what is
    already in `out` is not done again. Raises what `run` raises, UsageError also for what is no control of
    the pair or is given twice, before any weights are loaded where that shows.
    """
    from .benchmark.asking.states import ROWS
    from .benchmark.controlled.beside import find_beside
    from .benchmark.controlled.run import Conditions, Room
    from .benchmark.controlled.run import run_with_controls as measure
    from .benchmark.pairs.options import PairOptions, resolve
    from .benchmark.run.progress import choose_progress

    measured: Pair | PairSpec
    if isinstance(pair, str | Path):
        options = PairOptions(pair=pair)
        measured = spec = resolve(options)
        place = None
    else:
        options, measured, spec = _named_by(pair), pair, pair.spec
        place = pair.place
    beside = find_beside(spec, options, controls, lines)
    names = [tasks] if isinstance(tasks, str) else tasks
    conditions = Conditions(_protocol(protocol), Path(out), names, level, place)
    rooms = [Room(ROWS if rows is None else rows, workers)] * (1 + len(beside.specs))
    return measure(measured, beside, conditions, rooms, choose_progress(_quiet(progress)))


def edge_scores(
    pair: "Pair | Location",
    task: str,
    protocol: str | Protocol = "quick",
    level: str | None = None,
    out: Location = RESULTS,
    rows: int | None = None,
    progress: bool | None = None,
    scores: str | None = None,
) -> EdgeScores:
    """Both members' edge scores on a task's discovery examples, as a run has them.

    Arguments and errors are those of `run`; NotComputable also where the task's examples are too few.
    """
    from .benchmark.asking.states import ROWS
    from .benchmark.run.assembly import as_asked
    from .benchmark.run.plan import MEMBERS, kind_name
    from .benchmark.run.progress import choose_progress
    from .benchmark.run.run import measure

    fixed = _protocol(protocol).varied(scores)
    asked = as_asked(fixed, [task], level)
    batch = ROWS if rows is None else rows
    wanted = [kind_name("scores", member) for member in MEMBERS]
    (outcome,) = measure(
        _loaded(pair), fixed, Path(out), asked, wanted, batch, choose_progress(_quiet(progress))
    )
    if outcome.unusable is not None:
        raise NotComputable(f"{task}: {outcome.unusable}", "choose a task or a level that both members solve")
    arm, mdm = (outcome.contents[name] for name in wanted)
    sums = arm.attribution.score_sums, mdm.attribution.score_sums
    return EdgeScores(arm.graph, *sums, arm.attribution.counts, arm.templates)


def read(path: Location) -> "Record | Circuit | ScoreSums":
    """What a file holds: a record, a circuit (also the EAP-IG library's), or a member's scores on a task.

    Raises UsageError for a folder, naming the records in it, and NotComputable for a file that is missing,
    broken, of another version, or anything else.
    """
    file = Path(path)
    if file.is_dir():
        named = ", ".join(str(found) for found in read_folder(file))
        raise UsageError(f"{file} is a folder", f"name one of the records in it: {named}")
    content = content_of(file)
    if content == "arrays":
        return _read_kept(file)
    if content == "graph":
        from .benchmark.interchange.eap_ig import load_graph

        return load_graph(file)
    return read_model(file, Record)


def leaderboard(
    directory: Location,
    protocol: str | None = None,
    sort: str = "task_dependent_shift",
    ascending: bool = False,
    unofficial: bool = False,
    retired: bool = True,
) -> "Board":
    """The rows of a board, a folder of submissions, with ranks; nothing is scored again.

    `sort`: the column to sort and rank by, under its CSV name, the largest number first or, `ascending`, the
    smallest. `protocol`: only submissions of it. `unofficial` takes what no board takes too, such as plain
    records, marked and without a rank; `retired` lists submissions of older versions of the protocol. Raises
    UsageError for an unknown column, for a folder that is no board and for a submission that a board refuses,
    NotComputable for one that cannot be read.
    """
    from .benchmark.board.rows import make_board

    return make_board(Path(directory), protocol, sort, ascending, unofficial, retired)


def compare(a: Record | Location, b: Record | Location, cells: bool = True) -> "RecordComparison":
    """What differs between two records of one protocol (only its seed may differ): every quantity's B − A.

    `a`, `b`: records, or paths of a record, a run's folder that holds one, or a submission. On the same
    examples differences are paired where resampled values are at hand: a submission's are kept with it, those
    of a run are computed from the cells beside its record, some seconds a task, unless `cells` is False; a
    record that is not read from a path here has none. Raises UsageError and NotComputable for what cannot be
    read, NotComputable for other protocols and for records without a task in common.
    """
    from .benchmark.contrast.comparison import compare_records

    one, other = (place if isinstance(place, Record) else Path(place) for place in (a, b))
    return compare_records(one, other, cells)


def verdict(
    record: Record | Location,
    controls: Sequence[Record | Location] = (),
    cells: bool = True,
    lines: Sequence[Record | Location] = (),
) -> "PairVerdict":
    """What can be stated of a pair: a verdict on every task and suite, and on where its mechanism moved.

    `record`, `controls`: records, or paths of a record, a run's folder that holds one, or a submission;
    controls are of the same ARM trained further without diffusion, and without one nothing is attributed.
    `lines` are shown beside them and decide nothing. `cells`: as in `compare`. docs/verdicts.md has the
    rules. Raises UsageError for a record that is no control or line of the pair, UsageError and NotComputable
    for what cannot be read.
    """
    from .benchmark.verdict.read import judge_files

    place, *others = (each if isinstance(each, Record) else Path(each) for each in (record, *controls))
    shown = [each if isinstance(each, Record) else Path(each) for each in lines]
    return judge_files(place, others, cells, lines=shown)


def robustness(
    subject: "Pair | Location",
    protocol: str | Protocol | None = None,
    tasks: str | Sequence[str] | None = None,
    kinds: "Collection[VariedKind] | None" = None,
    out: Location = RESULTS,
    rows: int | None = None,
    progress: bool | None = None,
    workers: int = 1,
) -> "Robustness":
    """How far headlines and verdicts move when one thing at a time is done otherwise (docs/robustness.md).

    `subject`: a record with its cells (its path, a run's folder that holds one, or a submission), of which
    that is varied which needs no model; or a loaded pair, or the name of one, which is run as `run` does
    under `protocol` (None: quick) and then under every variation of it, with all cells in `out`. `kinds`:
    what to vary, None for all. It is kept beside the record, where `verdict` reads it, and is not done again.
    Raises what `run` raises; UsageError also for a protocol or tasks given with a record, which has its own,
    NotComputable for a record without its cells.
    """
    if isinstance(subject, str | Path) and _is_record(Path(subject)):
        if protocol is not None or tasks is not None:
            raise UsageError(
                f"a protocol or tasks were given with the record {subject}", "give them with a pair"
            )
        from .benchmark.robustness.of_record import vary_record

        return vary_record(Path(subject), kinds)
    from .benchmark.asking.states import ROWS
    from .benchmark.robustness.of_pair import vary_pair
    from .benchmark.run.progress import choose_progress

    names = [tasks] if isinstance(tasks, str) else tasks
    chosen, told = _protocol(protocol or "quick"), choose_progress(_quiet(progress))
    batch = ROWS if rows is None else rows
    return vary_pair(_loaded(subject), chosen, Path(out), names, kinds, batch, told, workers)


def _is_record(place: Path) -> bool:
    """Whether a path is that of a record, a run's folder or a submission, and not the name of a pair."""
    return place.exists() and place.suffix != ".toml"


def report(
    records: Record | Location | Sequence[Record | Location],
    controls: Sequence[Record | Location] = (),
    seeds: bool = False,
    cells: bool = True,
) -> str:
    """What was measured of pairs, and what can be stated of them, as a document in Markdown.

    `records`, `controls`: one or several, each as in `verdict`, all of one protocol. A control stands beside
    the pairs of its ARM. `seeds`: whether the records are trainings of one recipe, and the controls too; then
    there is also a verdict on the recipe, whose intervals are for other seeds and other prompts. `cells`: as
    in `compare`. Raises UsageError for records that no one report can be on, with the reason, UsageError and
    NotComputable for what cannot be read.
    """
    from .benchmark.report.sources import read_sources
    from .benchmark.report.write import make_report

    given = [records] if isinstance(records, Record | str | Path) else records
    pairs, others = (
        [place if isinstance(place, Record) else Path(place) for place in side] for side in (given, controls)
    )
    return make_report(read_sources(pairs, others, seeds, cells))


def validate(path: Location, unofficial: bool = False) -> "tuple[Finding, ...]":
    """All that is wrong with a submission (a folder or its zip archive) or a board; empty where it is valid.

    Every number is computed again from the submission's cells, without a model; nothing in it is trusted.
    `unofficial` takes a protocol of this version that no board takes, and a record that is not the whole of
    its protocol. Raises UsageError where there is nothing at the path or a folder of other things,
    NotComputable for what is neither a folder nor an archive.
    """
    from .benchmark.board.validation import is_board, validate_board
    from .benchmark.validation.validate import validate as check

    return (validate_board if is_board(Path(path)) else check)(Path(path), unofficial)


def _read_kept(file: Path) -> "Circuit | ScoreSums":
    from .benchmark.circuits.circuit import Circuit
    from .benchmark.circuits.files import kind_of
    from .benchmark.measure.score_sums import ScoreSums

    return ScoreSums.load(file) if kind_of(file) == "scores" else Circuit.load(file)


def _quiet(progress: bool | None) -> bool | None:
    return None if progress is None else not progress


def _named_by(pair: "Pair") -> "PairOptions":
    """What names a loaded pair: its name where it is the listed pair of that name, else its checkpoints."""
    from .benchmark.pairs.options import PairOptions
    from .benchmark.pairs.registry import list_pairs

    listed = list_pairs().get(pair.spec.name)
    if listed is not None and listed.spec == pair.spec:
        return PairOptions(pair=pair.spec.name)
    return PairOptions(arm=pair.spec.arm.checkpoint, mdm=pair.spec.mdm.checkpoint)


def _loaded(pair: "Pair | Location") -> "Pair":
    return load(pair) if isinstance(pair, str | Path) else pair


def _protocol(protocol: str | Protocol) -> Protocol:
    return get_protocol(protocol) if isinstance(protocol, str) else protocol
