"""Rules of the backward pass: attributions that differ from EAP-IG in how a gradient flows, and nowhere else.

The forward pass, the edges and the formula of a score stay as they are; `backward` puts rules in force.
"""

from dataclasses import astuple, dataclass
from math import isfinite

from ...errors import UsageError, unknown


@dataclass(frozen=True)
class Rules:
    """What the backward pass does otherwise than the chain rule.

    `fixed_norms`: every norm divides by a constant, its scale in that run; LayerNorm still takes off the
    mean, and norms per head are norms too. `linear_activations`: an activation is x·[act(x)/x], the bracket
    a constant. `temperature`: T of the softmax p(s/T) whose derivative with respect to s/T stands for that
    of the attention's softmax. `query`, `key`, `value`: what their gradients are multiplied by; with 0 for
    queries and keys attention patterns are constants, and edges to them score 0. `factor`: the same for both
    factors of a gated MLP. Routers of experts follow the chain rule, since no source has a rule for them.

    Raises UsageError for a temperature that is not above 0, and multipliers that are no finite number.
    """

    fixed_norms: bool = False
    linear_activations: bool = False
    temperature: float = 1.0
    query: float = 1.0
    key: float = 1.0
    value: float = 1.0
    factor: float = 1.0

    def __post_init__(self) -> None:
        if not self.temperature > 0 or not all(map(isfinite, astuple(self))):
            raise UsageError(
                f"no backward pass has a temperature of {self.temperature:g} and multipliers of "
                f"{self.query:g}, {self.key:g}, {self.value:g} and {self.factor:g}",
                "give finite numbers, and a temperature above 0",
            )

    @property
    def attention(self) -> "Rules":
        """Those that are about attention alone."""
        return Rules(temperature=self.temperature, query=self.query, key=self.key, value=self.value)


CHAIN = Rules()
"""The chain rule: the gradient itself, as EAP and EAP-IG take it."""

RELP = Rules(fixed_norms=True, linear_activations=True, query=0.0, key=0.0, factor=0.5)
"""RelP (arXiv 2508.21258), layer-wise relevance propagation as a gradient.

Its rules are called LN, identity, AH and half rule there. Take it with `Integration("eap", 1)`, at the clean
run, which is the point of reference here. The authors' example patches clean into corrupted runs, and so
takes the gradient at the corrupted one, `Integration("left", 1)`; for GPT-2 it leaves out the AH rule, which
is `replace(RELP, query=1.0, key=1.0)`.
"""

GIM = Rules(fixed_norms=True, temperature=2.0, query=0.25, key=0.25, value=0.5, factor=0.5)
"""Gradient interaction modifications (arXiv 2505.17630), taken at the clean run.

A product halves the gradient of each factor: once for values and gates, twice for queries and keys, which
meet in a product and are then multiplied with values. As in the authors' code, the temperature stands in the
softmax alone: the derivative is not divided by it once more. Take it with `Integration("eap", 1)`.
"""

_NAMED = {"chain": CHAIN, "relp": RELP, "gim": GIM}


def name_of(rules: Rules) -> str | None:
    """What `rules_called` calls these rules; None for others."""
    return next((name for name, named in _NAMED.items() if named == rules), None)


def rules_called(name: str) -> Rules:
    """The rules called `chain`, `relp` or `gim`. Raises UsageError for any other name."""
    if name not in _NAMED:
        raise unknown("rules of the backward pass", name, _NAMED)
    return _NAMED[name]
