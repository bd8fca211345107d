"""How many prompts, neurons, labels and tokens neuron cards are made of."""

PROMPTS = 64
"""Prompts of the evaluation half that cards are made on, at most."""

ABLATED = 32
"""Those of them on which means are taken and neurons are ablated, at most."""

PER_THIRD = 3
"""Cards of each third of the layers, at most."""

TOGETHER, DRAWS = 10, 4
"""Neurons that are ablated at once, and draws of as many others of the same layers."""

LABELS = 4
"""Labels on a card."""

TOKENS = 5
"""Tokens that a neuron promotes, and as many that it suppresses."""

SHOWN, BESIDE = 3, 5
"""Prompts on a card, and tokens on either side of the strongest activation of each."""

SETS = 1 + DRAWS
"""Of neurons that are ablated, in one pass: the top ones, and each draw."""

PASSES = 2 + SETS
"""Runs of each of the ablated prompts: clean with means, corrupted, and without each set."""


def steps_of_cards(examples: int) -> int:
    """How many prompts are run in all, of an evaluation half of so many examples."""
    prompts = min(PROMPTS, examples)
    return prompts + PASSES * min(ABLATED, prompts)
