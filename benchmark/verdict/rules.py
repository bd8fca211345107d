"""The rules: which claims make which verdict.

A verdict is a conjunction of claims, each on a whole 95 % interval. Function and structure have to agree,
and so have both estimators of structure; what fits no rule is undecided.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from ..record.missing import Missing
from ..record.number import Measured, Number
from ..tables.crossed import HostName
from .bounds import ALIKE, CARRIES_OVER, FAILS
from .claim import Beyond, BoundClaim, p_of_all
from .evidence import STRUCTURE, TRANSFER, TransferEvidence

MechanismVerdict = Literal["preserved", "same function, other edges", "extended", "rebuilt", "undecided"]

MEANING: Mapping[MechanismVerdict, str] = {
    "preserved": f"either circuit carries over (τ* above {CARRIES_OVER:g} in both hosts) and the edges are "
    f"alike (ρ above {ALIKE:g} by both estimators)",
    "same function, other edges": f"either circuit carries over, and the edges are not alike (ρ below "
    f"{ALIKE:g} by both estimators)",
    "extended": f"one-way transfer: one circuit carries over, and the other has τ* below {CARRIES_OVER:g}",
    "rebuilt": f"neither circuit carries over (τ* below {FAILS:g} in both hosts) and the edges are not alike",
    "undecided": "an interval includes its bound, a number is missing, or two numbers disagree",
}
"""Every verdict and when it is given."""


@dataclass(frozen=True)
class Ruling:
    """A verdict with the claims that make it; of an undecided one, those of the verdict nearest to it.

    `why`: why it is undecided, or which way a one-way transfer goes; empty where there is nothing to say.
    `changed`: those of the claims that say that something changed.
    """

    verdict: MechanismVerdict
    claims: tuple[BoundClaim, ...]
    why: str = ""

    @property
    def p(self) -> float:
        """For "the verdict is wrong": the largest of its claims; 1 of an undecided one."""
        return 1.0 if self.verdict == "undecided" else p_of_all(self.claims)

    @property
    def changed(self) -> tuple[BoundClaim, ...]:
        """Those of the claims that say that something changed; none of an undecided finding."""
        if self.verdict == "undecided":
            return ()
        return tuple(claim for claim in self.claims if claim.side == "below")


def find(evidence: TransferEvidence) -> Ruling:
    """The verdict that the evidence allows, and what decided it."""
    lacking = [value.missing for value in _deciding(evidence) if isinstance(value, Missing)]
    candidates = list(_candidates(evidence))
    # Of what fits no rule the nearest is told, as far as most of its claims hold.
    nearest = max(candidates, key=lambda one: sum(claim.holds for claim in one.claims) / len(one.claims))
    if lacking:
        return Ruling("undecided", nearest.claims, lacking[0])
    for one in candidates:
        if all(claim.holds for claim in one.claims):
            against = _against(evidence)
            return Ruling("undecided", one.claims, against) if against else _told(one, evidence)
    return Ruling("undecided", nearest.claims, _nothing_fits(nearest))


def _told(found: Ruling, evidence: TransferEvidence) -> Ruling:
    """The verdict with what has to be known of how it came about."""
    if not evidence.moved:
        return found
    return replace(found, why="; ".join(filter(None, (found.why, _MATCHED))))


_MATCHED = "heads changed places and were matched by their weights"


def _candidates(evidence: TransferEvidence) -> Iterator[Ruling]:
    alike, unlike = _structure(evidence, "above"), _structure(evidence, "below")
    over = {host: _transfer(evidence, host, "above", CARRIES_OVER) for host in TRANSFER}
    short = {host: _transfer(evidence, host, "below", CARRIES_OVER) for host in TRANSFER}
    fails = {host: _transfer(evidence, host, "below", FAILS) for host in TRANSFER}
    yield Ruling("preserved", (over["arm"], over["mdm"], *alike))
    yield Ruling("same function, other edges", (over["arm"], over["mdm"], *unlike))
    yield Ruling("extended", (over["arm"], short["mdm"]), _MORE)
    yield Ruling("extended", (over["mdm"], short["arm"]), _LESS)
    yield Ruling("rebuilt", (fails["arm"], fails["mdm"], *unlike))


_MORE = "the MDM's circuit does the ARM's work, and the ARM's does not do all of the MDM's"
_LESS = "the ARM's circuit does the MDM's work, and the MDM's does not do all of the ARM's"


def _deciding(evidence: TransferEvidence) -> tuple[Measured, ...]:
    return (*evidence.transfer.values(), *evidence.structure.values())


def _transfer(evidence: TransferEvidence, host: HostName, side: Beyond, bound: float) -> BoundClaim:
    return BoundClaim(TRANSFER[host], evidence.transfer[host], side, bound)


def _structure(evidence: TransferEvidence, side: Beyond) -> tuple[BoundClaim, ...]:
    return tuple(
        BoundClaim(STRUCTURE[name], value, side, ALIKE) for name, value in evidence.structure.items()
    )


def _against(evidence: TransferEvidence) -> str:
    """What circuits of half the size say to the contrary; empty where they do not."""
    # With heads that changed places only the compared size was run with them matched.
    if evidence.moved:
        return ""
    for host, name in TRANSFER.items():
        whole, half = evidence.transfer[host], evidence.half[host]
        carries, fails = BoundClaim(name, half, "above", CARRIES_OVER), BoundClaim(name, half, "below", FAILS)
        assert isinstance(whole, Number), "the verdict has all of its numbers"
        opposite = fails if whole.value > CARRIES_OVER else carries if whole.value < FAILS else None
        if opposite is not None and opposite.holds:
            return f"at half the size it is the other way: {opposite}"
    return ""


def _nothing_fits(nearest: Ruling) -> str:
    open_claims = "; ".join(str(claim) for claim in nearest.claims if not claim.holds)
    return f"nearest to {nearest.verdict}, but {open_claims}"
