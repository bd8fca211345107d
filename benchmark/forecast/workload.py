"""What a task asks of both members: batches, passes and tokens, counted as a run would take them.

Examples are generated and encoded, and put together by the run's own functions; no model is needed. The pool
is taken to fill from the first examples, and MDMs to commit from left to right. A member that solves less is
asked more: up to `candidates` rounds of decoding.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice

from ...tasks import Task, get_task
from ..admission.behaviour import ARM_ATTENTIONS, most_candidates, with_some_row
from ..admission.cloze import clozes
from ..admission.fill import askable, distinct_attentions, filling_batches
from ..asking.attempts import Sieve, encoded_examples
from ..asking.beside import ask_beside
from ..asking.decoding import commits
from ..asking.denoising import budget_of
from ..asking.encoding import Encoded
from ..asking.grouping import Grouping, evenly, group_examples, spaced, swept_examples
from ..asking.in_place import find_gap
from ..asking.pool import Order, Solved
from ..asking.states import Question, packed, questions
from ..asking.tokens import token_questions
from ..circuits.exact import edges_held
from ..circuits.intervention import LEAST_ITEMS, stacked_items
from ..circuits.portions import TOKENS_AT_ONCE, stacked, steps_held, tokens_stacked
from ..circuits.prefix import LEAST
from ..measure.card_sizes import ABLATED, PROMPTS, SETS
from ..measure.circuit_runs import crossed_circuits
from ..measure.convergence import spread
from ..measure.effects import first_of_each
from ..measure.node_sets import number_of_sets
from ..pairs.attention import Attention
from ..pairs.member import Member
from ..record.protocol import Protocol, ProtocolTask, Sampling, Scoring
from .points import searched_steps, typical_steps
from .sizes import Sizes, Sketch


@dataclass(frozen=True)
class Load:
    """A batch as passes have it: `rows` of `tokens` behind a shared `prefix` of `distinct` rows.

    `reads`: positions whose logits are taken; `sets`: whether the metric is over sets of the vocabulary.
    """

    rows: int
    tokens: int
    reads: int
    examples: int
    prefix: int = 0
    distinct: int = 0
    sets: bool = False

    @property
    def read_positions(self) -> int:
        """At how many positions a row is read, where all are at as many."""
        return -(-self.reads // self.rows)


@dataclass(frozen=True)
class Passes:
    """What a stage takes: `forward` passes of the model over `tokens` positions in all, `reads` unembedded.

    `backward` of the passes are followed by one back, over `differentiated` of the positions and `graded` of
    the reads. At `extracted` positions the extractor multiplies what every source writes for every reader.
    `skipped`: layers below which passes begin, times the positions of these passes.
    """

    examples: int = 0
    rows: int = 0
    forward: int = 0
    tokens: int = 0
    reads: int = 0
    backward: int = 0
    differentiated: int = 0
    graded: int = 0
    extracted: int = 0
    skipped: int = 0

    def __add__(self, other: "Passes") -> "Passes":
        return Passes(*(a + b for a, b in zip(vars(self).values(), vars(other).values(), strict=True)))

    def flop(self, sizes: Sizes) -> int:
        """Floating-point operations: two a parameter and position, as many again for the way back.

        The way back is no dearer because no parameter needs a gradient. Attention between positions, norms
        and the extractor's own products are left out.
        """
        return self.forward_flop(sizes) + self.graded_flop(sizes)

    def forward_flop(self, sizes: Sizes) -> int:
        """Those of the passes that are not followed by one back."""
        head = sizes.width * sizes.vocabulary
        positions, reads = self.tokens - self.differentiated, self.reads - self.graded
        skipped = sizes.active * self.skipped // sizes.layers
        return 2 * (sizes.active * positions - skipped + head * reads)

    def graded_flop(self, sizes: Sizes) -> int:
        """Those of passes forward and back."""
        head = sizes.width * sizes.vocabulary
        return 4 * (sizes.active * self.differentiated + head * self.graded)

    def extraction_flop(self, sizes: Sizes) -> int:
        """Those of the extractor's own products: two a number that an edge carries, and position."""
        return 2 * sizes.graph.edges * sizes.width * self.extracted


@dataclass(frozen=True)
class MemberWork:
    """What a member is asked: the batches of each stage, one a pass in decoding, and passes by stage.

    `swept`: those on which circuits are run; `removed`: those on which components are patched out one by one;
    `beside`: those of other reads.
    """

    decoding: tuple[Load, ...]
    attribution: tuple[Load, ...]
    swept: tuple[Load, ...]
    evaluation: tuple[Load, ...]
    removed: tuple[Load, ...]
    beside: tuple[Load, ...]
    passes: dict[str, Passes]


@dataclass(frozen=True)
class OtherLoads:
    """A member's batches beside the headline's: those that are scored, and the tokens of its trajectory."""

    scored: list[Load]
    by_token: list[Load]


@dataclass(frozen=True)
class TaskWork:
    """What a task takes of the ARM and of the MDM.

    `tried` examples are encoded, `unfit` of them by reason cannot be; `pooled` fill the pool, in `groups`.
    """

    task: str
    tried: int
    unfit: dict[str, int]
    pooled: int
    groups: int
    arm: MemberWork
    mdm: MemberWork

    @property
    def members(self) -> tuple[MemberWork, MemberWork]:
        """That of the ARM and that of the MDM."""
        return self.arm, self.mdm


def task_work(
    sketch: Sketch, asked: ProtocolTask, protocol: Protocol, rows: int, others: int = 0
) -> TaskWork:
    """The work of a task on a pair, `rows` token rows at once, in a run of so many other tasks.

    Raises UsageError for an unknown task or level, PairError for prompts that the pair cannot be asked.
    """
    task = get_task(asked.name)
    sieve = Sieve()
    stream = enumerate(task.examples(protocol.sampling.seed, "evaluation", asked.level))
    attempted: list[Encoded] = []
    tried = 0
    for _ in range(protocol.sampling.candidates):
        drawn = list(islice(stream, protocol.sampling.pool))
        tried += len(drawn)
        attempted += [
            encoded for _, encoded in encoded_examples(sketch, drawn, sieve, protocol.sampling.read)
        ]
        if not drawn or len(attempted) >= protocol.sampling.pool:
            break
    examples = attempted[: protocol.sampling.pool]
    order = partial(commit_order, sketch.mdm, task, sampling=protocol.sampling)
    pooled = [
        Solved(index=index, order=order(each), template=each.example.template)
        for index, each in enumerate(examples)
    ]
    grouping = group_examples(pooled, protocol.halving)
    by_index = dict(enumerate(examples))
    beside = _beside(sketch, by_index, grouping, protocol, rows)
    arm, mdm = (
        _member_work(
            member,
            sizes,
            list(_decoding(sketch, member, task, attempted, protocol.sampling, rows)),
            len(attempted),
            by_index,
            grouping,
            other_reads,
            protocol,
            rows,
            others,
        )
        for member, sizes, other_reads in zip((sketch.arm, sketch.mdm), sketch.sizes, beside, strict=True)
    )
    return TaskWork(
        task.card.name,
        tried,
        dict(sorted(sieve.unfit.items())),
        len(examples),
        len(grouping.templates),
        arm,
        mdm,
    )


def commit_order(member: Member, task: Task, encoded: Encoded, sampling: Sampling) -> Order:
    """When an MDM would commit each answer token, from left to right."""
    numbers = _commits(member.attention, encoded.targets, budget_of(task, len(encoded.answer), sampling))
    return tuple(step for step, number in enumerate(numbers) for _ in range(number))


def _commits(attention: Attention, targets: Sequence[int], steps: int) -> list[int]:
    block = attention.block if attention.in_blocks else max(targets) + 1
    sizes = Counter(target // block for target in targets)
    return commits([sizes[place] for place in sorted(sizes)], min(steps, len(targets)))


def _decoding(
    sketch: Sketch,
    member: Member,
    task: Task,
    examples: Sequence[Encoded],
    sampling: Sampling,
    rows: int,
) -> Iterator[Load]:
    """One load per pass of decoding; in-place infilling is part of it.

    Of an ARM the one pass that a right answer takes: a wrong one takes one more for every token that follows
    the mistake, and a pool is of right ones.
    """
    lengths = Counter((len(each.clean), len(each.answer)) for each in examples)
    for (prompt, answer), number in lengths.items():
        targets = range(prompt, prompt + answer)
        for count in _cut(number, rows):
            if member.autoregressive:
                yield Load(count, prompt + answer - 1, count * answer, count)
            else:
                steps = len(_commits(member.attention, targets, budget_of(task, answer, sampling)))
                yield from [Load(count, prompt + answer, count * answer, count)] * steps
    if not member.autoregressive:
        yield from _in_place(sketch, member, examples, rows)


def _in_place(sketch: Sketch, member: Member, examples: Sequence[Encoded], rows: int) -> Iterator[Load]:
    gaps = [find_gap(sketch.tokenizer, each.example) for each in examples]
    shapes = Counter((len(each.tokens), each.gap) for each in gaps if each is not None)
    for (length, gap), number in shapes.items():
        for count in _cut(number, rows):
            steps = len(_commits(member.attention, gap, len(gap)))
            yield from [Load(count, length, count * len(gap), count)] * steps


def _cut(number: int, rows: int) -> Iterator[int]:
    for start in range(0, number, rows):
        yield min(rows, number - start)


def _member_work(
    member: Member,
    sizes: Sizes,
    decoding: Sequence[Load],
    tried: int,
    examples: Mapping[int, Encoded],
    grouping: Grouping,
    beside: OtherLoads,
    protocol: Protocol,
    rows: int,
    others: int,
) -> MemberWork:
    asked = partial(questions, member, examples, read=protocol.sampling.read)
    discovery, scoring = asked(grouping.discovery, grouping.group), protocol.scoring
    attribution = _loads(member, discovery, rows)
    searched = _loads(member, spread(discovery, scoring.convergence), rows)
    evaluation = _loads(member, asked(grouping.evaluation), rows)
    swept = _loads(member, asked(swept_examples(grouping, protocol.sweeping.swept)), rows)
    alone = first_of_each(asked(grouping.evaluation, grouping.evaluation_group), protocol.removing.removed)
    removed = _loads(member, alone, rows)
    passes = {
        "decoding": replace(sum(map(_decoding_pass, decoding), Passes()), examples=tried, rows=tried),
        "attribution": sum(
            (_scoring_passes(load, sizes, scoring) for load in attribution),
            sum(
                (
                    _search_passes(load, sizes, steps, scoring)
                    for steps in searched_steps(scoring)
                    for load in searched
                ),
                Passes(),
            ),
        ),
        "circuits": sum(
            (_circuit_passes(load, sizes, number_of_circuits(protocol)) for load in swept), Passes()
        ),
        "transfer": _transfer_passes(member, sizes, examples, grouping, protocol, rows, others),
        "ablation": _ablation_passes(member, sizes, examples, grouping, protocol, rows),
        "entropies": sum((_run_pass(load) for load in evaluation), Passes()),
        "effects": _effect_passes(evaluation, removed, sizes),
        "cards": _cards(member, sizes, asked(grouping.evaluation), protocol, rows),
        "other reads": sum((_scoring_passes(load, sizes, scoring) for load in beside.scored), Passes())
        + sum(map(_whole_passes, beside.by_token), Passes()),
    }
    scored = tuple(beside.scored)
    return MemberWork(
        tuple(decoding),
        tuple(attribution),
        tuple(swept),
        tuple(evaluation),
        tuple(removed),
        scored,
        passes,
    )


def _cards(
    member: Member, sizes: Sizes, evaluation: Sequence[Question], protocol: Protocol, rows: int
) -> Passes:
    """Activations of all cards' prompts, and all passes over those on which neurons are ablated."""
    if not protocol.scoring.neurons or sizes.experts:
        return Passes()
    prompts = spaced(evaluation, PROMPTS)
    few = spaced(prompts, ABLATED)
    read = [replace(_run_pass(load), reads=0) for load in _loads(member, prompts, rows)]
    whole = [_run_pass(load) for load in _loads(member, few, rows)]
    stacked_sets = [
        replace(each, tokens=SETS * each.tokens, reads=SETS * each.reads)
        for each in map(_run_pass, _loads(member, few, max(1, rows // SETS)))
    ]
    return sum((*read, *2 * whole, *stacked_sets), Passes())


def _beside(
    sketch: Sketch, examples: Mapping[int, Encoded], grouping: Grouping, protocol: Protocol, rows: int
) -> tuple[OtherLoads, OtherLoads]:
    reading, headline = protocol.reading, protocol.sampling.read
    pair = sketch.arm, sketch.mdm
    loads: tuple[list[Load], list[Load]] = ([], [])
    for read in reading.beside:
        asked = ask_beside(pair, examples, grouping, read, headline, reading.beside_examples)
        # The headline's own scores are taken where it is the same read.
        if not isinstance(asked, str) and not asked.is_headline:
            for found, member, own in zip(loads, pair, (asked.arm, asked.mdm), strict=True):
                found += _loads(member, own, rows)
    places = evenly(grouping.group, reading.beside_examples) if reading.beside else []
    arm, mdm = (
        OtherLoads(
            scored,
            _loads(
                member, [one.question for one in token_questions(member, examples, grouping, places)], rows
            ),
        )
        for member, scored in zip(pair, loads, strict=True)
    )
    return arm, mdm


def _loads(member: Member, asked: Sequence[Question], rows: int) -> list[Load]:
    return [_load(member, together) for together in packed(asked, rows)]


def _load(member: Member, together: Sequence[Question]) -> Load:
    encoded = together[0].encoded
    length = len(encoded.clean) + together[0].states[0].length
    prefix = _shared(member, together)
    return Load(
        rows=sum(len(asked.states) for asked in together),
        tokens=length - prefix,
        reads=sum(len(state.read) for asked in together for state in asked.states),
        examples=len(together),
        prefix=prefix,
        distinct=len({asked.encoded.clean[:prefix] for asked in together}) if prefix else 0,
        sets=bool(encoded.answers),
    )


def _shared(member: Member, together: Sequence[Question]) -> int:
    """The tokens that `behind_shared_prefix` runs once."""
    # Everything below mirrors `behind_shared_prefix`, on tokens instead of tensors.
    if member.attention.kind != "causal":
        return 0
    equal = min(_equal(asked.encoded.clean, asked.encoded.corrupted) for asked in together)
    first = min(
        member.readout(asked.encoded.targets[index])
        for asked in together
        for state in asked.states
        for index in state.read
    )
    tokens = min(equal, first)
    return tokens if tokens >= LEAST else 0


def _equal(clean: Sequence[int], corrupted: Sequence[int]) -> int:
    return next(i for i, (a, b) in enumerate(zip(clean, corrupted, strict=True)) if a != b)


def stacked_steps(sizes: Sizes, load: Load, steps: int) -> int:
    """How many integration steps one pass over a batch takes at once."""
    positions = load.rows * load.tokens
    at_once = stacked(positions, tokens_stacked(sizes.width, sizes.share))
    return min(steps, steps_held(positions, sizes.share), at_once)


def number_of_circuits(protocol: Protocol) -> int:
    """Circuits that a sweep runs beside the whole model, at most; of equal ones it runs one.

    Beforehand nothing is known to be equal but the circuits of all edges, which are the whole model.
    """
    return 2 * sum(share < 1 for share in protocol.sweeping.grid) + empty_circuits(protocol)


def empty_circuits(protocol: Protocol) -> int:
    """How many circuits without an edge are run: under `patch` that is the corrupted run."""
    return int(protocol.sweeping.intervention != "patch")


def gap_passes(sketch: Sketch) -> Passes:
    """Passes in which the load-time check has the MDM fill gaps, at most.

    Every attention that differs on its texts, and every mask token that may come into question, of which the
    weights alone tell some; each read with both shifts. Of a line the check is not made.
    """
    if sketch.spec.line is not None:
        return Passes()
    written = clozes(sketch.tokenizer)
    texts = askable(with_some_row(sketch.mdm, written), written)
    fillings = len(distinct_attentions(sketch.mdm.attention, texts)) if texts else 0
    if not sketch.mdm.autoregressive:
        added = sketch.mdm.backbone.shape.vocabulary - sketch.arm.backbone.shape.vocabulary
        fillings += 1 + most_candidates(added) + ARM_ATTENTIONS
    batches = [[len(texts[number].tokens) for number in batch] for batch in filling_batches(texts)]
    return Passes(
        examples=len(texts),
        rows=fillings * len(texts),
        forward=fillings * len(batches),
        tokens=fillings * sum(len(lengths) * max(lengths) for lengths in batches),
        reads=2 * fillings * len(texts),
    )


def _decoding_pass(load: Load) -> Passes:
    return Passes(load.examples, load.rows, 1, load.rows * load.tokens, load.reads)


def _run_pass(load: Load) -> Passes:
    """One pass over whole prompts."""
    return Passes(load.examples, load.rows, 1, load.rows * (load.prefix + load.tokens), load.reads)


def _behind(load: Load) -> Passes:
    return Passes(forward=1, tokens=load.distinct * load.prefix) if load.prefix else Passes()


def _scoring_passes(load: Load, sizes: Sizes, scoring: Scoring) -> Passes:
    """Those of the protocol's method, with as many points as are typical."""
    if scoring.method == "exact":
        return _patching_passes(load, sizes)
    return _attribution_passes(load, sizes, typical_steps(scoring), _shares_a_run(scoring))


def _patching_passes(load: Load, sizes: Sizes) -> Passes:
    """Both runs twice, for the metric and for what sources write; then stacks of an edge and a row each."""
    edges: Counter[int] = Counter()
    for site in sizes.graph.sites:
        edges[site.layer] += site.readable * site.readers
    held = edges_held(load.reads, sizes.width, sizes.itemsize, sizes.share)
    patched = [
        _changed_passes(load, sizes, min(held, number - done), layer)
        for layer, number in edges.items()
        for done in range(0, number, held)
    ]
    # The corrupted run is read once: what sources write there takes no logits.
    runs = Passes(forward=2, tokens=2 * load.rows * load.tokens, reads=load.reads)
    return sum(patched, _whole_passes(load) + _behind(load) + runs)


def _changed_passes(load: Load, sizes: Sizes, variants: int, layer: int) -> Passes:
    """Stacks of so many variants of a batch's rows, in which nothing differs below a layer.

    The last MLP is counted as a whole, although it runs where rows are read.
    """
    positions = variants * load.rows * load.tokens
    return Passes(
        forward=-(-variants * load.rows // stacked_removals(sizes, load.tokens)),
        tokens=positions,
        reads=variants * load.reads,
        skipped=layer * positions,
    )


def patched_runs(protocol: Protocol, tasks: Sequence[TaskWork], sizes: Sequence[Sizes]) -> int:
    """Runs of a row with one edge patched, of both members; 0 where edges are scored otherwise."""
    if protocol.scoring.method != "exact":
        return 0
    return sum(
        of.graph.edges * load.rows
        for work in tasks
        for member, of in zip(work.members, sizes, strict=True)
        for load in (*member.attribution, *member.beside)
    )


def _attribution_passes(load: Load, sizes: Sizes, steps: int, shared: bool) -> Passes:
    """Both runs, and one pass forward and back for each stack of integration steps.

    `shared`: whether the corrupted run is the first step's way there, which is then in no stack.
    """
    positions = load.rows * load.tokens
    held = steps_held(positions, sizes.share)
    chunks = [min(held, steps - done) for done in range(0, steps, held)]
    stacks = [chunks[0] - shared, *chunks[1:]]
    back = shared + sum(-(-chunk // stacked_steps(sizes, load, chunk)) for chunk in stacks if chunk)
    runs = 2 - shared
    return _behind(load) + Passes(
        load.examples,
        load.rows,
        forward=runs + back,
        tokens=(runs + steps) * positions,
        reads=(2 + steps) * load.reads,
        backward=back,
        differentiated=steps * positions,
        graded=steps * load.reads,
        extracted=len(chunks) * positions,  # the gradients of a chunk's steps are summed before
    )


def _shares_a_run(scoring: Scoring) -> bool:
    """Whether the first step is the corrupted run."""
    return scoring.method == "eap-ig" and scoring.rule == "left"


def _whole_passes(load: Load) -> Passes:
    """The whole model on both prompts."""
    positions = load.rows * load.tokens
    return _behind(load) + Passes(load.examples, load.rows, 2, 2 * positions, 2 * load.reads)


def _search_passes(load: Load, sizes: Sizes, steps: int, scoring: Scoring) -> Passes:
    """Those of scoring some examples once more, which are no examples more."""
    found = _attribution_passes(load, sizes, steps, _shares_a_run(scoring))
    return replace(found, examples=0, rows=0)


def _transfer_passes(
    member: Member,
    sizes: Sizes,
    examples: Mapping[int, Encoded],
    grouping: Grouping,
    protocol: Protocol,
    rows: int,
    others: int,
) -> Passes:
    """Circuits of the other member and of other tasks, and shuffled ones on a part of the examples."""
    found = protocol.transferring
    if found is None:
        return Passes()
    crossed = questions(
        member, examples, swept_examples(grouping, found.crossed), read=protocol.sampling.read
    )
    few = spaced(crossed, found.shuffled_examples)
    empty = empty_circuits(protocol)
    parts = ((crossed, empty + crossed_circuits(others)), (few, empty + found.shuffled))
    return sum(
        (
            _circuit_passes(load, sizes, circuits)
            for asked, circuits in parts
            for load in _loads(member, asked, rows)
        ),
        Passes(),
    )


def _ablation_passes(
    member: Member,
    sizes: Sizes,
    examples: Mapping[int, Encoded],
    grouping: Grouping,
    protocol: Protocol,
    rows: int,
) -> Passes:
    """Both runs, and stacks of whole prompts: as they are, and without each set of nodes."""
    if protocol.ablating is None:
        return Passes()
    solved, variants = swept_examples(grouping, protocol.ablating.ablated), ablated_variants(sizes, protocol)
    loads = _loads(member, questions(member, examples, solved, read=protocol.sampling.read), rows)
    empty = empty_circuits(protocol)
    found = (_circuit_passes(load, sizes, empty) + _stacked_passes(load, sizes, variants) for load in loads)
    return sum(found, Passes())


def ablated_variants(sizes: Sizes, protocol: Protocol) -> int:
    """Runs of an example with outputs at zero, and that without; none where the protocol asks for none."""
    if protocol.ablating is None:
        return 0
    neurons = protocol.scoring.neurons and sizes.neurons > 0
    return 1 + number_of_sets(protocol.ablating.random_sets, neurons, sizes.layers)


def _stacked_passes(load: Load, sizes: Sizes, variants: int) -> Passes:
    """The clean run once more, and stacks of variants. At which layers they begin depends on the sets."""
    whole = load.prefix + load.tokens
    return Passes(
        forward=1 + -(-variants * load.rows // stacked_removals(sizes, whole)),
        tokens=(1 + variants) * load.rows * whole,
        reads=variants * load.reads,
    )


def _circuit_passes(load: Load, sizes: Sizes, circuits: int) -> Passes:
    """The whole model on both prompts, and stacks of circuits and rows, at most.

    What a circuit leaves out of the model is counted all the same.
    """
    positions = load.rows * load.tokens
    parts, rows, at_once = parts_of_rows(load, sizes)
    stacks = parts * -(-circuits // max(1, at_once // rows))
    return _whole_passes(load) + Passes(
        forward=stacks,
        tokens=circuits * positions,
        reads=circuits * load.reads,
        extracted=circuits * positions,
    )


def parts_of_rows(load: Load, sizes: Sizes) -> tuple[int, int, int]:
    """In how many parts circuits are run on a batch, rows of the largest, and how many rows a stack has."""
    at_once = stacked_items(sizes.graph, sizes.width, load.tokens, sizes.share)
    parts = -(-load.rows // at_once)
    return parts, -(-load.rows // parts), at_once


def _effect_passes(evaluation: Sequence[Load], removed: Sequence[Load], sizes: Sizes) -> Passes:
    """Direct effects of both prompts of all; of some both prompts again, and stacks of single components."""
    direct = sum((_behind(load) + _both_runs(load) for load in evaluation), Passes())
    return direct + sum((_removal_passes(load, sizes) for load in removed), Passes())


def _both_runs(load: Load) -> Passes:
    return Passes(load.examples, load.rows, 2, 2 * load.rows * load.tokens, 2 * load.reads)


def _removal_passes(load: Load, sizes: Sizes) -> Passes:
    """Both runs, and of every layer stacks of its heads and its MLP, each by itself."""
    patched = (_changed_passes(load, sizes, sizes.heads + 1, layer) for layer in range(sizes.layers))
    runs = Passes(forward=2, tokens=2 * load.rows * load.tokens, reads=2 * load.reads)
    return sum(patched, _behind(load) + runs)


def stacked_removals(sizes: Sizes, tokens: int) -> int:
    """How many pairs of a component and a row of that many tokens are run as one batch."""
    return max(sizes.part_of(LEAST_ITEMS), sizes.part_of(TOKENS_AT_ONCE) // tokens)
