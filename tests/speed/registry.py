"""All benchmarks by name: what each measures, and the function that does."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from speed.results import Found
from speed.timing import Asked


@dataclass(frozen=True)
class Benchmark:
    """A benchmark: what it measures, by `module:function`; `usual`: whether it runs without being named.

    Modules are imported when they run: some need what not everyone has, such as a browser.
    """

    name: str
    measures: str
    function: str
    usual: bool = True

    def run(self, asked: Asked) -> Found:
        """What it finds."""
        module, _, name = self.function.partition(":")
        function: Callable[[Asked], Found] = getattr(import_module(f"speed.{module}"), name)
        return function(asked)


BENCHMARKS = (
    Benchmark("attribution", "attribution and ten circuits beside bare passes", "attribution:measured"),
    Benchmark("effects", "single components beside bare passes", "components:measured"),
    Benchmark("parts", "what places and neurons cost on top", "attribution:measured_parts"),
    Benchmark("library", "attribution beside the EAP-IG library, if installed", "library:measured"),
    Benchmark("time", "time of attribution against all that it grows with", "scaling:measured"),
    Benchmark("memory", "memory of attribution against the same", "scaling:measured_memory"),
    Benchmark("prefix", "what running a shared few-shot header once saves", "prefix:measured"),
    Benchmark("reads", "attribution at other reads beside the plan token", "reads:measured"),
    Benchmark("graph", "making a 7B model's graph, and a circuit in it", "attribution:measured_graph"),
    Benchmark("statistics", "the statistics of a task against edges", "comparisons:measured"),
    Benchmark("overlaps", "overlaps beside circuits found one by one", "comparisons:measured_overlaps"),
    Benchmark("board", "a leaderboard against its rows", "board:measured"),
    Benchmark("workers", "a run with one worker and with two", "workers:measured"),
    Benchmark("startup", "commands that run no model", "startup:measured"),
    Benchmark("projection", "8B, 32B and 70B on 1, 8 and 64 cards, by the law", "projection:measured"),
    Benchmark("llama", "statistics at LLaMA-2-7B's graph, 1,000 resamples", "comparisons:measured_whole"),
    Benchmark("statistics-parts", "what the parts of a comparison take", "statistics:measured", False),
    Benchmark("within", "peaks of memory within 2 GB", "forecasts:measured_within", False),
    Benchmark("forecast", "predicted beside measured peaks of memory", "forecasts:measured", False),
    Benchmark("methods", "EAP, RelP, GIM beside exact patching", "methods:measured", False),
    Benchmark("convergence", "what finding the number of points costs", "convergence:measured", False),
    Benchmark("submission", "bytes of a 7B model's cells in a submission", "submission:measured", False),
    Benchmark("pages", "sorting and filtering a board's page", "pages:measured", False),
    Benchmark("seven-billion", "the predicted memory of 7B pairs", "seven_billion:measured", False),
)


def usual() -> tuple[Benchmark, ...]:
    """Those that run where none is named."""
    return tuple(each for each in BENCHMARKS if each.usual)
