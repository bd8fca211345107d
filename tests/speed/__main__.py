"""Measure time and memory: `cd tests && python -m speed [NAME …] [--quick] [--write]`.

Without names every usual benchmark runs, each in a process of its own. What one finds is kept in
build/speed, so that the same command goes on where it was stopped; results of other code, other settings or
another machine are measured again. Ratios are within one run, round by round. Run it on a quiet machine.
"""

import argparse
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from mechshift.benchmark.pairs.threads import available_cores
from speed.apart import apart
from speed.measuring import kept, measure, path_of
from speed.page import KEPT, readings_table, told, write_page
from speed.registry import BENCHMARKS, Benchmark, usual
from speed.results import ROOT, Result, Results
from speed.timing import Asked

RESULTS = ROOT / "build" / "speed"


def chosen(names: Sequence[str]) -> tuple[Benchmark, ...]:
    """Those that are named, in the order of the registry; the usual ones where none is."""
    return tuple(each for each in BENCHMARKS if each.name in names) if names else usual()


def tell(result: Result) -> None:
    """Print what was found."""
    print(f"{result.benchmark}: {result.seconds:.0f} s", *result.found.notes, sep="\n")
    if result.found.readings:
        print(readings_table(result.found.readings))
    for curve in result.found.curves:
        print(f"{curve.name} against {curve.against}: power {told(curve.power)}")
        for size, one in zip(curve.sizes, curve.readings, strict=True):
            print(f"  {size:g}: {told(one)}")
    print(flush=True)


def options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """What is asked."""
    listed = "\n".join(
        f"  {each.name:14} {each.measures}{'' if each.usual else ' (only if named)'}" for each in BENCHMARKS
    )
    parser = argparse.ArgumentParser(
        prog="python -m speed",
        description=f"{__doc__}\n\nbenchmarks:\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = [each.name for each in BENCHMARKS]
    parser.add_argument("names", nargs="*", metavar="NAME", help="benchmarks; all usual ones if left out")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="the same as NAME")
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that everything works")
    parser.add_argument("--again", action="store_true", help="measure again what was measured")
    parser.add_argument("--write", action="store_true", help="put what was found into docs/performance.md")
    parser.add_argument(
        "--clock",
        choices=("wall", "processor"),
        default="wall",
        help="processor: for a machine that is not quiet; of times of whole commands see the benchmark",
    )
    parser.add_argument(
        "--threads", type=int, default=available_cores(), help="of torch; all cores if left out"
    )
    parser.add_argument("--results", type=Path, default=RESULTS, help="where results are kept")
    found = parser.parse_args(arguments)
    found.names += found.only
    for name in found.names:
        if name not in names:
            parser.error(f"no benchmark is called {name}; there are {', '.join(names)}")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is missing; the exit code says how many benchmarks failed."""
    asked_for = options(arguments)
    asked = Asked(asked_for.quick, asked_for.clock)
    results, failed = [], []
    for benchmark in chosen(asked_for.names):
        path = path_of(asked_for.results, benchmark.name, asked.quick)
        result = None if asked_for.again else kept(path, asked, asked_for.threads)
        if result is None:
            try:
                result = apart(measure, benchmark.name, asked, asked_for.threads)
            except Exception:  # the others are measured all the same
                traceback.print_exc()
                failed.append(benchmark.name)
                continue
            Results(results=(result,)).write(path)
        tell(result)
        results.append(result)
    if asked_for.write:
        write_page(Results.read(KEPT).having(results))
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
