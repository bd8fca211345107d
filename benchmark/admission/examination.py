"""The outcome of all load-time checks of a pair, without ending at the first that fails."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ...errors import PairError
from ..pairs.check_name import CheckName
from ..pairs.device_map import DeviceChoice
from ..pairs.loading import open_pair
from ..pairs.pair import Pair, Provenance
from ..pairs.spec import PairSpec
from ..pairs.threads import on_suited_threads
from .behaviour import Behaviour, observe
from .checks import Check, CheckResult, checks_of, look_at_behaviour
from .load import SAME_WEIGHTS

CONFIGURED = "rotary base, norm epsilon and tied head as in config.json"


@dataclass(frozen=True)
class Examination:
    """What the checks found; the pair and its behaviour where it could be loaded."""

    spec: PairSpec
    findings: tuple[CheckResult, ...]
    pair: Pair | None
    behaviour: Behaviour | None

    @property
    def failed(self) -> bool:
        """Whether any check has failed."""
        return any(finding.verdict == "failed" for finding in self.findings)


def check_pair(spec: PairSpec, device: DeviceChoice = None, offline: bool = False) -> Examination:
    """Every check that can be made; where a member cannot be loaded only the one that says why.

    Raises PairError for a device that cannot be used.
    """
    try:
        pair = open_pair(spec, device, offline)
    except PairError as error:
        if not error.check:
            raise
        return Examination(spec, (_failure(error, "pair"),), None, None)
    # As when a pair is loaded, so that both find the same to the last digit.
    with on_suited_threads(pair.arm.device, pair.arm.backbone.shape.width):
        # Observed once, both for the verdict and for the table of alternatives.
        behaviour = observe(pair)
        *structural, last = checks_of(pair)
        checks = (*structural, replace(last, look=lambda: look_at_behaviour(pair, behaviour)))
        return Examination(spec, (*_of_opening(pair), *map(_found, checks)), pair, behaviour)


def _found(check: Check) -> CheckResult:
    try:
        return check.make()
    except PairError as error:
        return _failure(error, check.subject)


def _failure(error: PairError, subject: str) -> CheckResult:
    check: CheckName = error.check  # type: ignore[assignment]
    return CheckResult(check, subject, "failed", f"{error.problem}; {error.remedy}")


def _of_opening(pair: Pair) -> Iterator[CheckResult]:
    """What is known to be right because the pair could be opened."""
    for member, provenance in zip(pair.members, (pair.arm_provenance, pair.mdm_provenance), strict=True):
        name = member.called
        yield CheckResult("files", name, "passed", _files(provenance))
        yield CheckResult("class", name, "passed", f"{provenance.native}, {provenance.dtype}")
        yield CheckResult("parameters", name, "passed", "none missing, left over or of another shape")
        yield CheckResult("configuration", name, "passed", CONFIGURED)
    if pair.same_weights:
        yield CheckResult("files", "pair", "undecided", SAME_WEIGHTS)
    yield CheckResult("backbone", "pair", "passed", _backbones(pair))
    yield CheckResult("tokens", "pair", "passed", f"{len(pair.tokenizer):,} ids mean the same to both")


def _backbones(pair: Pair) -> str:
    shape = pair.arm.backbone.shape
    added = pair.mdm.backbone.shape.vocabulary - shape.vocabulary
    kind = type(pair.arm.backbone.model).__name__
    found = f"{kind} of {shape.layers} layers and {shape.heads} heads in both, {added} rows added"
    return "; ".join([found, *pair.noted])


def _files(provenance: Provenance) -> str:
    at = f"@{provenance.revision}" if provenance.revision else ""
    return f"{provenance.checkpoint}{at}, whole, digest {provenance.digest[:12]}"
