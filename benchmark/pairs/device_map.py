"""What can be said of where a member's layers go: nothing, one device, or a map over several."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from ...errors import UsageError, unknown
from ...files import read_text

if TYPE_CHECKING:
    import torch

WAYS = ("auto", "balanced", "sequential")
"""Ways to spread layers by what is free, in the words of transformers; there, too, the first two are one."""


@dataclass(frozen=True)
class DeviceMap:
    """A way of `WAYS`, or `parts`: names of modules, each with the device that it goes to.

    A module's name stands for all within it, the empty one for everything. A number is an accelerator's.
    """

    way: str | None = None
    parts: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, asked: "str | Path | Mapping[str, int | str] | DeviceMap") -> "DeviceMap":
        """A map as it is given: a way, an object as JSON writes it, or a file that holds one.

        Raises UsageError for anything else.
        """
        if isinstance(asked, DeviceMap):
            return asked
        if isinstance(asked, Mapping):
            return cls._of(asked, "the device map")
        text = str(asked).strip()
        if text in WAYS:
            return cls(text)
        if text.startswith("{"):
            return cls._of(_read(text, "the device map"), "the device map")
        path = Path(asked).expanduser()
        if not path.suffix and not path.exists():
            raise unknown("way to spread layers", text, WAYS)
        try:
            written = read_text(path)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise UsageError(f"the device map {path} cannot be read: {reason}", _AS) from None
        return cls._of(_read(written, str(path)), str(path))

    @classmethod
    def _of(cls, parts: object, name: str) -> "DeviceMap":
        if not isinstance(parts, Mapping) or not parts or not all(map(_is_place, parts.items())):
            raise UsageError(f"{name} does not say of modules on which devices they are", _AS)
        return cls(None, tuple((module, str(device)) for module, device in parts.items()))

    def __str__(self) -> str:
        return self.way or json.dumps(dict(self.parts))


DeviceChoice: TypeAlias = "str | torch.device | DeviceMap | None"
"""Where a pair goes: a device, a map of several, or None for an accelerator where there is one."""

_AS = (
    f"give {', '.join(WAYS)}, or a JSON object such as "
    '{"model.embed_tokens": 0, "model.layers.0": 0, "model.layers.1": 1, "model.norm": 1, "lm_head": 1}'
)


def _read(text: str, name: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{name} is not JSON: {error}", _AS) from None


def _is_place(part: tuple[object, object]) -> bool:
    module, device = part
    return isinstance(module, str) and isinstance(device, int | str) and not isinstance(device, bool)
