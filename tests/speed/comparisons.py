"""What the statistics of one task cost: every number of a comparison, against the number of edges.

Made-up evidence (`speed.statistics`) on both members at graphs of 4, 8 and 16 layers of 32 heads: 24 groups
of twelve templates, ten sizes, sources told apart by place, neurons. What a comparison takes once, and what
each resample adds, is told apart by two numbers of resamples. `measured_whole`: LLaMA-2-7B's graph (1,592,881
edges) and 1,000 resamples. `measured_overlaps`: one resample of the overlaps, beside circuits that are found
one by one (`speed.overlaps`).
"""

from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.compare.compare import compare, shared_threads
from mechshift.benchmark.record.protocol import V2
from mechshift.metrics import Undefined
from speed.overlaps import GRAPHS as OF_MODELS
from speed.overlaps import Case, by_screening, circuit_by_circuit, memory
from speed.peak import peak, start_anew
from speed.results import Found, Reading, reading
from speed.statistics import GRAPHS, LLAMA, Pair, pair_of
from speed.timing import Asked, Work, curve, in_turn, ratio

QUICK = (Graph(2, 8, 8), Graph(4, 8, 8))
MOST_SECONDS, MOST_GIGABYTES = 60.0, 4.0
"""What LLaMA-2-7B's graph and 1,000 resamples are to take at the most."""


def compared(pair: Pair, resamples: int) -> None:
    """All numbers of a comparison."""
    statistics = V2.statistics.model_copy(update={"resamples": resamples})
    compare(*pair, V2.sweeping, V2.compared, statistics, threads=shared_threads())


def measured(asked: Asked) -> Found:
    """Seconds once and for each resample, against edges."""
    graphs, resamples, rounds = (QUICK, 4, 1) if asked.quick else (GRAPHS, 20, 2)
    pairs = {graph.edges: pair_of(graph) for graph in graphs}

    def work(pair: Pair, number: int) -> Work:
        return lambda: compared(pair, number)

    numbers = 1, 1 + resamples
    works = {f"{edges} {each}": work(pair, each) for edges, pair in pairs.items() for each in numbers}
    times = in_turn(works, rounds, asked.seconds)
    once: dict[float, list[float]] = {}
    each_resample: dict[float, list[float]] = {}
    for edges in pairs:
        few, many = (times[f"{edges} {number}"] for number in numbers)
        each_resample[edges] = [(b - a) / resamples for a, b in zip(few, many, strict=True)]
        # With one resample the sample itself is ranked too.
        once[edges] = [a - 2 * more for a, more in zip(few, each_resample[edges], strict=True)]
    return Found(
        curves=(
            curve("a comparison without its resamples", "edges", "s", once),
            curve("each resample", "edges", "s", each_resample),
        ),
        notes=(f"24 groups, ten sizes, edges and components, {resamples} resamples.",),
    )


def measured_whole(asked: Asked) -> Found:
    """Seconds and memory of one comparison at LLaMA-2-7B's graph."""
    graph, resamples = (QUICK[-1], 50) if asked.quick else (LLAMA, 1000)
    pair = pair_of(graph)
    start_anew()
    seconds = asked.seconds(lambda: compared(pair, resamples))
    return Found(
        readings=(
            reading(f"{graph.edges:,} edges, {resamples:,} resamples", [seconds], "s", most=MOST_SECONDS),
            reading("at the most, with the evidence", [peak() / 1e9], "GB", most=MOST_GIGABYTES),
        )
    )


def of_overlaps(name: str, asked: Asked, rounds: int) -> list[Reading]:
    """What a resample costs both ways in a graph, and how many values differ."""
    case = Case.of(OF_MODELS[name])
    expected, found = circuit_by_circuit(case), by_screening(case)
    works: dict[str, Work] = {
        "one by one": lambda: circuit_by_circuit(case),
        "screened": lambda: by_screening(case),
    }
    times = in_turn(works, rounds, asked.seconds)
    slow, fast = (memory(work) / 1e6 for work in works.values())
    differ = sum(found.get(key) != value for key, value in expected.items())
    defined = sum(not isinstance(value, Undefined) for value in expected.values())
    return [
        ratio(f"{name}: circuit by circuit / screened", times["one by one"], times["screened"], least=1),
        reading(f"{name}: a screened resample", times["screened"], "s"),
        reading(f"{name}: memory, circuit by circuit", [slow], "MB"),
        reading(f"{name}: memory, screened", [fast], "MB"),
        reading(f"{name}: values that differ, of {defined}", [differ], most=0),
    ]


def measured_overlaps(asked: Asked) -> Found:
    """All of that in every graph."""
    names = ("tiny",) if asked.quick else tuple(OF_MODELS)
    readings = [each for name in names for each in of_overlaps(name, asked, 2 if asked.quick else 3)]
    edges = ", ".join(f"{name} {OF_MODELS[name].edges:,}" for name in names)
    return Found(readings=tuple(readings), notes=(f"Edges: {edges}. One resample at all sizes of v2.",))
