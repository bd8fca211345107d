"""The devices that there are, and those that a pair is to be on."""

import torch

from ...errors import PairError, UsageError, listed
from .device_map import DeviceChoice, DeviceMap
from .ranks import this_rank
from .words import in_either

OPTION = in_either("device_map")


def choose_device(device: DeviceChoice = None) -> torch.device:
    """The device that was asked for, else an accelerator, else the CPU; of several the first.

    Raises as `choose_devices`.
    """
    return choose_devices(device)[0]


def choose_devices(asked: DeviceChoice = None) -> tuple[torch.device, ...]:
    """The device that was asked for, else an accelerator, else the CPU; or all that a map is over.

    A way to spread layers is over all accelerators. Of several processes that a launcher has started on a
    host, each has an accelerator of its own where nothing is asked for, as far as there are any. Raises
    PairError for a device that cannot be used; UsageError where the launcher's environment makes no sense,
    for a map in several processes of a launcher, for one with devices that no machine has, and for
    accelerators of which it is not told what is free.
    """
    if isinstance(asked, DeviceMap):
        _check_alone()
        if asked.way is None:
            return tuple(dict.fromkeys(_usable(named_device(name)) for _, name in asked.parts))
        return tuple(free_on_accelerators()) or (_usual(),)
    return (_usual() if asked is None else _usable(asked),)


def _check_alone() -> None:
    """Raises UsageError in one of several processes of a host, whose maps would be over the same devices."""
    beside = this_rank().beside
    if beside > 1:
        raise UsageError(
            f"{OPTION} in {beside} processes of one host, whose members would be on the same devices",
            f"have the launcher start one process on each host, or leave {OPTION} out",
        )


def _usual() -> torch.device:
    if not torch.cuda.is_available():
        return torch.device("cpu")
    rank = this_rank()
    if rank.beside == 1:
        return torch.device("cuda")
    return torch.device("cuda", rank.local % torch.cuda.device_count())


def _usable(device: str | torch.device) -> torch.device:
    try:
        chosen = torch.device(device)
    except RuntimeError:  # whose text lists two dozen types, most of which nobody has
        raise _unusable(device, "there is no device of this name") from None
    if chosen.type == "meta":
        raise _unusable(device, "it holds no numbers")
    try:
        torch.empty(0, device=chosen)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise _unusable(device, str(error).splitlines()[0]) from None
    return chosen


def _unusable(device: str | torch.device, reason: str) -> PairError:
    return PairError(
        f"device {device} cannot be used: {reason}", f"usable here: {', '.join(usable_devices())}"
    )


def usable_devices() -> list[str]:
    """The names of the devices of this machine: the CPU, and every accelerator that torch can use."""
    accelerator = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    if accelerator is None:
        return ["cpu"]
    return ["cpu", *(f"{accelerator.type}:{index}" for index in range(torch.accelerator.device_count()))]


def free_on_accelerators() -> dict[torch.device, int]:
    """Bytes that are free on each accelerator. Raises UsageError where torch does not tell."""
    if torch.cuda.device_count():
        cards = [torch.device("cuda", index) for index in range(torch.cuda.device_count())]
        return {card: torch.cuda.mem_get_info(card)[0] for card in cards}
    if torch.accelerator.is_available() and torch.accelerator.device_count() > 1:
        raise UsageError(
            f"torch does not tell how much is free on {torch.accelerator.current_accelerator()}",
            f"give {OPTION} a map that names the device of each module",
        )
    return {}


def named_device(text: str) -> torch.device:
    """The device that a map names, by a name or an accelerator's number; it need not be of this machine.

    Raises UsageError where there is none of that name, and for `disk`, where nothing can be computed.
    """
    if text == "disk":
        raise offloaded([text])
    try:
        found = torch.device(int(text) if text.isdecimal() else text)
    except RuntimeError:
        raise UsageError(
            f"the device map names device {text}, and there is none of this name",
            "name devices as torch does, such as cuda:0, or accelerators of this machine by their numbers",
        ) from None
    return found if found.type == "cpu" or found.index is not None else torch.device(found.type, 0)


def offloaded(places: list[str]) -> UsageError:
    """The error for weights where nothing is computed."""
    return UsageError(
        f"the device map has weights on {listed(places)}, from where they would be fetched for each pass",
        "give accelerators alone, or the CPU alone: a pass back keeps all weights that it has read, so that "
        "nothing would be saved",
    )
