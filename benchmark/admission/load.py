"""A pair that is what it is declared to be: loaded, and checked before anything is measured."""

from collections.abc import Iterator
from dataclasses import replace

from ...errors import PairError
from ..pairs.device_map import DeviceChoice
from ..pairs.limits import USUAL, Limits
from ..pairs.loading import open_pair
from ..pairs.pair import Pair
from ..pairs.spec import PairSpec
from ..pairs.threads import on_suited_threads
from .checks import checks_of

SAME_WEIGHTS = "both members have the same weights: nothing was post-trained"


def load_pair(
    spec: PairSpec,
    device: DeviceChoice = None,
    offline: bool = False,
    accept_behaviour: bool = False,
    limits: Limits = USUAL,
) -> Pair:
    """Loads both members of a pair and checks what is declared about them.

    `device` None takes an accelerator where there is one. `offline` asks nothing of the network and takes hub
    models from the cache. Only safetensors are opened and no code of a checkpoint runs. `accept_behaviour`
    takes a pair although its MDM fills gaps better in another way than the declared one. That then stands
    among the pair's confounds, as do a behaviour that is undecided, members that are the same, and tokens or
    token rows in which a control differs. `limits`: how both are held in memory. Raises PairError when a
    checkpoint cannot be loaded or a declaration is wrong.
    """
    pair = open_pair(spec, device, offline, limits)
    same = [SAME_WEIGHTS] if pair.same_weights and spec.line is None else []
    # What is in doubt goes into the record, and how many threads there are moves last digits.
    with on_suited_threads(pair.device, pair.arm.backbone.shape.width):
        return replace(pair, noted=(*pair.noted, *same, *_in_doubt(pair, accept_behaviour)))


def _in_doubt(pair: Pair, accept_behaviour: bool) -> Iterator[str]:
    """What the checks leave undecided, and the failure that is accepted. Raises PairError for any other."""
    for check in checks_of(pair):
        try:
            finding = check.make()
        except PairError as error:
            if check.name != "behaviour" or not accept_behaviour:
                raise
            yield error.problem
        else:
            if finding.verdict == "undecided":
                yield f"undecided when loaded: {check.name} of the {finding.subject}: {finding.detail}"
