"""How long a whole `v2` run would take on pairs of 8B, 32B and 70B, on 1, 8 and 64 cards: a projection.

Operations are counted by `mechshift.benchmark.forecast` from published dimensions, with the prompts of the
reference pair; the law that makes seconds of them, and what several processes take together, are those by
which `mechshift run --dry-run --tflops` prints a time, called here. Statistics are timed on this machine. How
far the law is off is measured by the benchmark `attribution`. What a card does is assumed, and said.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

from mechshift.benchmark.asking.states import ROWS
from mechshift.benchmark.forecast.forecast import Forecast, fitting, forecast
from mechshift.benchmark.forecast.machine import AMPLE, Machine
from mechshift.benchmark.forecast.planned import list_plan
from mechshift.benchmark.forecast.probe import Speeds, stated_speeds
from mechshift.benchmark.forecast.seconds import seconds_at, works_of
from mechshift.benchmark.record.protocol import V2, Protocol
from mechshift.benchmark.run.assembly import as_asked
from mechshift.benchmark.run.plan import kind_name
from mechshift.benchmark.run.store import Store
from speed.results import Found, Reading, reading
from speed.seven_billion import Shape, sketch_of
from speed.timing import Asked

SHAPES: dict[str, Shape] = {
    "8B": (
        LlamaForCausalLM,
        LlamaConfig,
        {
            "num_hidden_layers": 32,
            "num_attention_heads": 32,
            "num_key_value_heads": 8,
            "hidden_size": 4096,
            "intermediate_size": 14_336,
            "vocab_size": 128_256,
        },
    ),
    "32B": (
        Qwen2ForCausalLM,
        Qwen2Config,
        {
            "num_hidden_layers": 64,
            "num_attention_heads": 40,
            "num_key_value_heads": 8,
            "hidden_size": 5120,
            "intermediate_size": 27_648,
            "vocab_size": 152_064,
        },
    ),
    "70B": (
        LlamaForCausalLM,
        LlamaConfig,
        {
            "num_hidden_layers": 80,
            "num_attention_heads": 64,
            "num_key_value_heads": 8,
            "hidden_size": 8192,
            "intermediate_size": 28_672,
            "vocab_size": 128_256,
        },
    ),
}
"""Published dimensions of Llama 3.1 8B, Qwen2.5 32B and Llama 3.1 70B."""


@dataclass(frozen=True)
class Card:
    """A card: TFLOP a second at its peak in bfloat16, the share of them that is reached, and its GB."""

    name: str
    peak: float
    reached: float
    gigabytes: float

    @property
    def tflops(self) -> float:
        """TFLOP a second that are reached."""
        return self.peak * self.reached


H100 = Card("H100 SXM 80 GB", peak=989.0, reached=0.4, gigabytes=80.0)
"""NVIDIA's data sheet: 1,979 TFLOP a second with sparsity, half of it without.

38 to 43 % of the peak were reached where Llama 3 was trained on it (arXiv 2407.21783, section 3.3.2).
"""

CARDS = (1, 8, 64)


@dataclass(frozen=True)
class Room:
    """How many cards one process needs, and the forecast of the run held in the first way that then fits."""

    cards: int
    forecast: Forecast


def room_on(found: Forecast, card: Card) -> Room:
    """The least number of cards whose memory together holds a run, in one process.

    A process computes no faster on several cards: layers come one after the other. A dry run asks for more of
    them, as it adds all that is computed on the fullest card.
    """
    cards = 1
    while True:
        memory = round(1e9 * cards * card.gigabytes)
        held = fitting(found, Machine(f"{cards} cards", memory, AMPLE, shared=False), None)
        if held is not None:
            return Room(cards, held)
        cards += 1


def seconds_on(found: Forecast, protocol: Protocol, speeds: Speeds, processes: int) -> float:
    """Seconds of a run that so many processes share, by the law of `--dry-run`."""
    # No cell is there, as there are no weights whose digest its key would have.
    plan = list_plan(found, as_asked(protocol, None, None), protocol, None, Store(Path()), speeds)
    seconds = plan.wall(processes)
    assert seconds is not None
    return seconds


def project(name: str, shape: Shape, protocol: Protocol, card: Card) -> Iterator[Reading]:
    """Operations, edges and cards a process; hours of statistics, and of the run on so many cards."""
    room = room_on(forecast(sketch_of(shape), as_asked(protocol, None, None), protocol, ROWS), card)
    speeds = stated_speeds(room.forecast, card.tflops)
    flop = sum(work.flop for work in works_of(room.forecast).values())
    seconds = seconds_at(room.forecast, speeds)
    comparing = sum(each for (_, kind), each in seconds.items() if kind == kind_name("comparison"))
    edges = room.forecast.asked_sizes[0].graph.edges
    yield reading(f"{name}: operations of the models", [flop / 1e15], "PFLOP", projected=True)
    yield reading(f"{name}: edges", [edges / 1e6], "million", projected=True)
    yield reading(f"{name}: cards that one process needs", [room.cards], projected=True)
    yield reading(f"{name}: statistics, one process", [comparing / 3600], "h", projected=True)
    for cards in CARDS:
        named = f"{name} on {cards} card{'s' if cards > 1 else ''}"
        if room.cards > 1:
            named += ", layers spread over them"
        if cards < room.cards:
            yield Reading(name=named, projected=True, missing=f"does not fit: needs {room.cards}")
            continue
        hours = seconds_on(room.forecast, protocol, speeds, cards // room.cards) / 3600
        yield reading(named, [hours], "h", projected=True)


def measured(asked: Asked) -> Found:
    """All of them; nothing of it is measured but how fast statistics are here."""
    protocol = V2.changed(tasks=V2.tasks[:2], pool=8, minimum=4, candidates=1) if asked.quick else V2
    shapes = {"8B": SHAPES["8B"]} if asked.quick else SHAPES
    readings = [each for name, shape in shapes.items() for each in project(name, shape, protocol, H100)]
    return Found(
        readings=tuple(readings),
        notes=(
            f"A run of `v2` on {len(protocol.tasks)} tasks of {protocol.sampling.pool} examples. A card: "
            f"{H100.name}, {H100.peak:.0f} TFLOP a second at its peak in bfloat16 without sparsity, of which "
            f"{H100.reached:.0%} are reached. Loading the pair is not counted.",
        ),
    )
