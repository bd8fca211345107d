"""Trying examples on both members until a pool is full of those that both solve."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol as Interface

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from ...tasks import Example, Task
from ...tasks.export import fingerprint
from ..pairs.member import Member
from ..pairs.pair import Pair
from ..record.number import Accuracy
from ..record.protocol import Sampling
from .decoding import answers
from .denoising import budget_of, precedence_of
from .encoding import DoesNotFit, Encoded, Ids, encode, text_of
from .in_place import in_place_accuracy
from .masking import check_prompts, check_targets
from .pool import Order, Pool, Solved
from .reads import Read, check_plan
from .states import check_answer_sets


class Askable(Interface):
    """What examples are encoded for: a loaded pair, or what is known of one before it is loaded."""

    @property
    def arm(self) -> Member:
        """The autoregressive member."""
        ...

    @property
    def mdm(self) -> Member:
        """The member made from it."""
        ...

    @property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        """The tokenizer of both."""
        ...


@dataclass(frozen=True)
class Attempt:
    """How one example went."""

    index: int
    encoded: Encoded
    arm: bool
    mdm: bool
    reference: bool
    order: Order


def find_pool(
    pair: Pair, task: Task, level: str, sampling: Sampling, rows: int, advance: Callable[[int], None]
) -> Pool:
    """Try examples in whole rounds of the pool's size until enough are solved by both members.

    Whole rounds, so that accuracies do not depend on where the pool happens to be full. `rows` is how many
    are decoded at once, without influence on the result. `advance` is told how many examples a round has
    solved.
    """
    sieve = Sieve()
    attempts: list[Attempt] = []
    stream = enumerate(task.examples(sampling.seed, "evaluation", level))
    solved: list[Attempt] = []
    for _ in range(sampling.candidates):
        drawn = list(islice(stream, sampling.pool))
        if not drawn:
            break
        fitting = list(encoded_examples(pair, drawn, sieve, sampling.read))
        attempted = _attempts(pair, task, fitting, sampling, rows)
        attempts += attempted
        found = [a for a in attempted if a.arm and a.mdm and a.reference]
        solved += found
        advance(min(len(found), sampling.pool))
        if len(solved) >= sampling.pool:
            break
    # The last round is finished even after the pool is full, for the accuracies; the surplus is not used.
    kept = solved[: sampling.pool]
    return Pool(
        arm=Accuracy(solved=sum(a.arm for a in attempts), tried=len(attempts)),
        mdm=Accuracy(solved=sum(a.mdm for a in attempts), tried=len(attempts)),
        mdm_in_place=in_place_accuracy(pair, task, [a.encoded.example for a in attempts], rows),
        unfit=dict(sorted(sieve.unfit.items())),
        other_form=sum(a.arm and a.mdm and not a.reference for a in attempts),
        solved=tuple(Solved(index=a.index, order=a.order, template=a.encoded.example.template) for a in kept),
        fingerprint=fingerprint([a.encoded.example for a in kept]),
    )


def pooled_examples(pair: Pair, task: Task, level: str, sampling: Sampling, pool: Pool) -> dict[int, Encoded]:
    """The pool's examples, drawn and encoded again, by their place in the task's stream."""
    # A pool keeps places in the stream and no texts. The stream is the same for the same seed, and the
    # caller compares fingerprints.
    wanted = {one.index for one in pool.solved}
    stream = islice(task.examples(sampling.seed, "evaluation", level), max(wanted, default=-1) + 1)
    return {index: encode(pair.tokenizer, example) for index, example in enumerate(stream) if index in wanted}


@dataclass
class Sieve:
    """What is kept of the examples of a stream that are not asked: `unfit` counts the reasons.

    `questions`: the prompts of those that were asked, clean and corrupted in either order.
    """

    unfit: Counter[str] = field(default_factory=Counter)
    questions: set[frozenset[str]] = field(default_factory=set)

    def check_new(self, example: Example) -> None:
        """Raises DoesNotFit for prompts that were asked in each other's place.

        Both would be one question, on which scores are nearly the same, and disjoint halves would share it.
        """
        prompts = frozenset((example.clean, example.corrupted))
        if prompts in self.questions:
            raise DoesNotFit("its prompts were asked before, each in the other's place")
        self.questions.add(prompts)


def encoded_examples(
    pair: Askable, drawn: Iterable[tuple[int, Example]], sieve: Sieve, read: Read
) -> Iterator[tuple[int, Encoded]]:
    """The examples that the pair is asked, encoded; `sieve` keeps why others are not, from round to round.

    Raises PairError for a prompt that holds the mask token, and a masked position that cannot be read.
    """
    for index, example in drawn:
        try:
            sieve.check_new(example)
            encoded = encode(pair.tokenizer, example)
            check_answer_sets(encoded)
            if read == "plan":
                check_plan(encoded)
            _check_size(pair, encoded)
        except DoesNotFit as reason:
            sieve.unfit[str(reason)] += 1
            continue
        check_prompts(pair.mdm, [encoded.clean, encoded.corrupted])
        check_targets(pair.mdm, encoded.targets)
        yield index, encoded


def _check_size(pair: Askable, encoded: Encoded) -> None:
    """Raises DoesNotFit for tokens or positions that the ARM, the smaller of the two, has no embedding of."""
    texts = (encoded.clean, encoded.corrupted, encoded.answer, encoded.foil, *encoded.answers, *encoded.foils)
    backbone = pair.arm.backbone
    if max(max(ids) for ids in texts) >= backbone.shape.vocabulary:
        raise DoesNotFit("a token of the tokenizer is not in the model's vocabulary")
    positions = backbone.position_embedding
    if positions is not None and len(encoded.clean) + len(encoded.answer) > positions.num_embeddings:
        raise DoesNotFit("the text has more tokens than the model has positions")


def _attempts(
    pair: Pair, task: Task, examples: Sequence[tuple[int, Encoded]], sampling: Sampling, rows: int
) -> list[Attempt]:
    """The attempts in the order of the examples, decoded in batches of one length."""
    by_length: dict[tuple[int, int], list[tuple[int, Encoded]]] = defaultdict(list)
    for index, encoded in examples:
        by_length[len(encoded.clean), len(encoded.answer)].append((index, encoded))
    batched = [
        _Decoding.of(task, alike[start : start + rows], sampling)
        for alike in by_length.values()
        for start in range(0, len(alike), rows)
    ]
    # One member after the other, as only one of them need be in memory.
    pair.bring(pair.arm)
    arm = [answers(pair.arm, one.tokens, one.targets, one.steps)[0] for one in batched]
    pair.bring(pair.mdm)
    attempts: list[Attempt] = []
    for one, ours in zip(batched, arm, strict=True):
        theirs, orders = answers(pair.mdm, one.tokens, one.targets, one.steps, one.precedence)
        attempts += _attempted(pair, task, one.examples, ours, theirs, orders)
    # Back in the stream's order: the pool takes the first solved examples of the stream, whatever length
    # they have.
    return sorted(attempts, key=lambda attempt: attempt.index)


@dataclass(frozen=True)
class _Decoding:
    """Examples of one length that are decoded as one batch, and what `answers` takes of them."""

    examples: Sequence[tuple[int, Encoded]]
    tokens: Tensor
    targets: Tensor
    steps: int
    precedence: Tensor | None

    @classmethod
    def of(cls, task: Task, examples: Sequence[tuple[int, Encoded]], sampling: Sampling) -> "_Decoding":
        encoded = [each for _, each in examples]
        size = len(encoded[0].answer)
        return cls(
            examples,
            torch.tensor([each.clean + each.answer for each in encoded]),
            torch.tensor([list(each.targets) for each in encoded]),
            budget_of(task, size, sampling),
            precedence_of([index for index, _ in examples], size, sampling),
        )


def _attempted(
    pair: Pair,
    task: Task,
    examples: Sequence[tuple[int, Encoded]],
    arm: Sequence[Ids],
    mdm: Sequence[Ids],
    orders: Sequence[Order],
) -> list[Attempt]:
    attempts = []
    for (index, each), arm_ids, mdm_ids, order in zip(examples, arm, mdm, orders, strict=True):
        # A logit difference is read along the reference answer, so both members have to give exactly that
        # one.
        reference = bool(each.answers) or arm_ids == mdm_ids == each.answer
        attempts.append(
            Attempt(
                index,
                each,
                arm=task.check(each.example, text_of(pair.tokenizer, arm_ids)),
                mdm=task.check(each.example, text_of(pair.tokenizer, mdm_ids)),
                reference=reference,
                order=order,
            )
        )
    return attempts
