"""How often verdicts and statements are attributed where there is nothing to attribute.

    python tests/reliability/false_alarms.py build/false-alarms --cells FOLDER

Five seeds of one control recipe differ by the luck of their training alone. Each in turn is taken for the
pair and held against the others, all at once and one at a time. What is then attributable is a false alarm.
With --cells (`FOLDER/NAME` are runs' folders) differences are of the same resampled prompts, which makes
intervals narrow; the resampled values are kept in the first folder. Without, the committed records are read,
whose differences are taken for independent. Prints the table; with --write puts it into docs/verdicts.md.
"""

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from reliability.tables import VERDICTS, false_alarms_table, put

from mechshift.baselines.structure.roster import CONTROLS
from mechshift.benchmark.contrast.side import read_side, with_draws_of_cells
from mechshift.benchmark.record.draws import read_draws, take_draws, with_draws, write_draws
from mechshift.benchmark.record.files import read_model
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.verdict.statements import Stated
from mechshift.benchmark.verdict.verdict import Judged, PairVerdict, judge_against

REFERENCE = Path(__file__).parents[2] / "baselines" / "reference"
INDEPENDENT = f"independent, {len(CONTROLS)} seeds"
TOGETHER, SINGLY = "all others at once", "one other at a time"


@dataclass(frozen=True)
class Alarms:
    """How many verdicts on tasks and suites, and statements, were made, said a change, and attributed it.

    `attributed`: what was, one text each.
    """

    tasks: tuple[int, int, int]
    suites: tuple[int, int, int]
    statements: tuple[int, int, int]
    attributed: tuple[str, ...]


def committed() -> dict[str, Record]:
    """The records of the repository, without resampled values."""
    return {name: read_model(REFERENCE / name / "record.json.gz", Record) for name in CONTROLS}


def of_cells(cells: Path, folder: Path, names: Sequence[str]) -> dict[str, Record]:
    """The records of runs, with resampled values that are computed once and kept in the folder."""
    found = {}
    for name in names:
        side = read_side(cells / name)
        kept = folder / f"{name}.safetensors"
        if not kept.exists():
            folder.mkdir(parents=True, exist_ok=True)
            tasks = [task.task for task in side.record.tasks]
            drawn = with_draws_of_cells(side, tasks, lambda line: print(line, flush=True))
            if drawn.undrawn:
                raise SystemExit(f"{name}: {drawn.undrawn}")
            write_draws(take_draws(drawn.record), kept)
        found[name] = with_draws(side.record, read_draws(kept))
    return found


def verdicts(records: Mapping[str, Record]) -> dict[str, list[PairVerdict]]:
    """Each record in turn as the pair: held against all others at once, and against one at a time."""
    found: dict[str, list[PairVerdict]] = {TOGETHER: [], SINGLY: []}
    for name, record in records.items():
        others = [other for key, other in records.items() if key != name]
        found[TOGETHER].append(judge_against(record, others))
        found[SINGLY] += [judge_against(record, [other]) for other in others]
    return found


def count(judged: Sequence[PairVerdict]) -> Alarms:
    """What verdicts on records that differ by luck alone say and attribute."""
    tasks = [(verdict, one) for verdict in judged for one in verdict.tasks]
    suites = [(verdict, one) for verdict in judged for one in verdict.suites]
    statements = [(verdict, one) for verdict in judged for one in verdict.statements]
    attributed = [
        f"{verdict.pair} less {' and '.join(verdict.controls)}: {_text(one)}"
        for verdict, one in (*tasks, *suites, *statements)
        if one.attribution.says == "attributable"
    ]
    of_tasks, of_suites, of_statements = (
        (len(each), sum(map(_says_change, (one for _, one in each))), _attributable(one for _, one in each))
        for each in (tasks, suites, statements)
    )
    return Alarms(of_tasks, of_suites, of_statements, tuple(attributed))


def _says_change(one: Judged | Stated) -> bool:
    if isinstance(one, Judged):
        return one.verdict not in ("preserved", "undecided")
    return one.says in ("more", "less")


def _attributable(every: Iterable[Judged | Stated]) -> int:
    return sum(one.attribution.says == "attributable" for one in every)


def _text(one: Judged | Stated) -> str:
    return f"{one.name} {one.verdict}" if isinstance(one, Judged) else one.text


def main(arguments: Sequence[str] | None = None) -> None:
    """Judge, then print the table and what was attributed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cells", type=Path, help="folder with a run's folder for each control")
    parser.add_argument("--paired", nargs="+", default=CONTROLS, help="controls to read from --cells")
    parser.add_argument("--write", action="store_true", help="put the table into docs/verdicts.md")
    options = parser.parse_args(arguments)
    found = {INDEPENDENT: count_all(committed())}
    if options.cells:
        paired = of_cells(options.cells, options.folder, options.paired)
        found[f"paired, {len(paired)} seeds"] = count_all(paired)
    table = false_alarms_table(found)
    print(table)
    for of in found.values():
        for alarms in of.values():
            print("\n".join(alarms.attributed))
    if options.write:
        put(VERDICTS, {"the false alarms table": table})


def count_all(records: Mapping[str, Record]) -> dict[str, Alarms]:
    """By what records were held against, what was said and attributed."""
    return {against: count(each) for against, each in verdicts(records).items()}


if __name__ == "__main__":
    main()
