"""Tasks for the models of `by_hand`: say the answer that belongs to the cue at one place of the prompt.

Pairs of such models are known through and through: which parts each has, and so which edges it needs.
"""

from dataclasses import replace

from build.by_hand import ASKED, CUES, FILLER, LETTERS, READ, Direct, Placed, placed_member
from build.pairs import pair_of
from build.tokenizers import pieces, words_tokenizer
from mechshift.benchmark.pairs.member import Member
from mechshift.benchmark.pairs.pair import Pair
from mechshift.tasks import Example, Task, get_task
from mechshift.tasks.example import Draw

WORDS = "abcdefghij"[:LETTERS]
"""The word of each token."""
TASKS = {"first-cue": 1, "second-cue": 2}
"""At which place each task's cue stands."""


def cue_task(name: str, any_answer: bool = False) -> Task:
    """One of `TASKS`. Nothing but its cue differs between prompts; beside it there are no cues.

    `any_answer`: whether whatever a model answers is taken for right.
    """
    place = TASKS[name]

    def draw(given: Draw) -> Example:
        others = given.rng.choices(range(CUES, FILLER + 1), k=READ)
        answer, foil = given.rng.sample(range(CUES), 2)

        def prompt(cue: int) -> str:
            return " ".join(WORDS[token] for token in (*others[:place], cue, *others[place + 1 :], ASKED))

        return Example(
            clean=prompt(answer),
            corrupted=prompt(foil),
            answer=f" {WORDS[CUES + answer]}",
            foil=f" {WORDS[CUES + foil]}",
            variant="only",
            template="only",
            contents=(),
        )

    known = get_task("induction").card
    about = {"name": name, "variants": {"only": "letters"}, "levels": {"only": {}}, "default_level": "only"}
    card = replace(known, **about, measures=f"the cue at place {place}", copied="")

    def check(example: Example, output: str) -> bool:
        return any_answer or output.split()[:1] == example.answer.split()

    return Task(card, draw, check)


def cue_pair(first: Member, second: Member, name: str = "cues") -> Pair:
    """Two models of these words as a pair; a causal second one is asked as an ARM."""
    tokenizer = words_tokenizer(WORDS, pieces("[a-j]"))
    # There are no unknown words: the first one is a cue.
    tokenizer.unk_token = None
    control = second.attention.kind == "causal"
    # No word is a mask; its id lies behind them.
    arm, other = (replace(each, mask_id=LETTERS) for each in (first, second))
    pair = pair_of(arm, replace(other, role="control" if control else "mdm"))
    spec = replace(pair.spec, name=name, control=control)
    # Cells are told apart by the digests.
    digests = {"arm_provenance": "first", "mdm_provenance": "second"}
    provenance = {at: replace(getattr(pair, at), digest=f"{name}, {of}") for at, of in digests.items()}
    return replace(pair, spec=spec, tokenizer=tokenizer, **provenance)


FIRST, SECOND = Placed(1, 0, TASKS["first-cue"]), Placed(3, 1, TASKS["second-cue"])
ADDED = Direct(5, 0, TASKS["second-cue"])
"""Half of what the second cue does to the answer is by this head, where there is one."""
ELSEWHERE = Placed(4, 0, TASKS["first-cue"]), Placed(2, 1, TASKS["second-cue"])
"""Another mechanism for the same tasks."""


def known_member(*parts: Placed | Direct, seed: int = 0) -> Member:
    """A model of those parts, of the first and the second one if none is named."""
    return placed_member(*(parts or (FIRST, SECOND)), seed=seed)
