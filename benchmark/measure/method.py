"""The method that a protocol scores edges by, as what attribution is told."""

from dataclasses import dataclass

from ..circuits.rules import CHAIN, GIM, RELP, Rules
from ..circuits.scores import Integration
from ..record.protocol import Scoring

_RULES = {"relp": RELP, "gim": GIM}


@dataclass(frozen=True)
class ScoringMethod:
    """How edges are scored.

    `integration`: where the gradient is taken, None where every edge is patched by itself; `rules`: those of
    the backward pass.
    """

    integration: Integration | None
    rules: Rules = CHAIN


def scoring_method(scoring: Scoring, steps: int) -> ScoringMethod:
    """The protocol's method; `steps`: how many points EAP-IG takes, of no matter to the others.

    EAP, RelP and GIM take the gradient at the clean run.
    """
    if scoring.method == "exact":
        return ScoringMethod(None)
    if scoring.method == "eap-ig":
        return ScoringMethod(Integration(scoring.rule, steps))
    return ScoringMethod(Integration("eap", 1), _RULES.get(scoring.method, CHAIN))
