"""Members whose weights are in memory one at a time; what is put away is loaded again from its files."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from torch import Tensor, nn

from ...errors import PairError
from .member import Member, Role

PIECES = 4
"""In how many pieces the ARM stands beside the other member while both are compared, about."""


def piece_of(weights: int, largest: int) -> int:
    """Bytes of such a piece at most, of a member of so many and with a parameter of so many."""
    return max(largest, weights // PIECES)


def put_away(member: Member) -> None:
    """Take a member's parameters out of memory: what is left of them has a shape and no numbers.

    What is computed of it then has no numbers either: to read one is an error of torch's. Tied parameters
    stay tied.
    """
    empty: dict[int, nn.Parameter] = {}
    for module in member.backbone.model.modules():
        for name, parameter in module._parameters.items():
            if parameter is not None:
                shape = nn.Parameter(parameter.detach().to("meta"), requires_grad=False)
                module._parameters[name] = empty.setdefault(id(parameter), shape)


class Turns:
    """Two members of which one is in memory: it comes when it is asked for, and the other goes.

    `members`: both, the first of them put away. `again`: how a member is loaded, by its role. `files`: what
    it is loaded from. `device`: where the one that is in memory is.
    """

    def __init__(
        self,
        members: Sequence[Member],
        again: Mapping[Role, Callable[[], Member]],
        files: Mapping[Role, Sequence[Path]],
    ) -> None:
        self._members = {member.role: member for member in members}
        self._here: Role | None = members[1].role
        self.device = members[1].device
        self._again = again
        self._files = files
        self._stamps = {role: _stamps(paths) for role, paths in files.items()}

    def bring(self, member: Member) -> None:
        """Have a member's weights in memory. Raises PairError where its files have changed meanwhile."""
        if member.role == self._here:
            return
        # Before the other comes, or both would be there for a moment.
        if self._here is not None:
            put_away(self._members[self._here])
        # Neither is there until the other has come: what fails on its way can be tried again.
        self._here = None
        if _stamps(self._files[member.role]) != self._stamps[member.role]:
            raise PairError(
                f"the weights of the {member.called} were written anew while they were in use",
                "leave checkpoints as they are while a run goes on, and repeat the command",
            )
        fresh = self._again[member.role]().backbone.model
        here = self._members[member.role].backbone.model
        # Module by module and in place: whoever holds the member, or a part of it, holds the same one.
        for module, loaded in zip(here.modules(), fresh.modules(), strict=True):
            module._parameters.update(loaded._parameters)
        self._here = member.role


def _stamps(paths: Sequence[Path]) -> tuple[tuple[int, int], ...]:
    found = (path.stat() for path in paths)
    return tuple((each.st_size, each.st_mtime_ns) for each in found)


def parameters_of_both(
    arm: Member, other: Member, turns: Turns | None
) -> Iterator[tuple[str, Tensor, Tensor]]:
    """Name and values of every parameter that both members have, the ARM's and the other's.

    In the ARM's order. With `turns` a few of the ARM's are kept at a time, and the other stands beside them.
    """
    named, moved = dict(arm.backbone.model.named_parameters()), dict(other.backbone.model.named_parameters())
    common = [name for name in named if name in moved]
    if turns is None:
        yield from ((name, named[name], moved[name]) for name in common)
        return
    del named, moved  # else what is put away would stay
    for names in _pieces(arm, common):
        turns.bring(arm)
        kept = {name: arm.backbone.model.get_parameter(name).detach().clone() for name in names}
        turns.bring(other)
        for name in names:
            yield name, kept.pop(name), other.backbone.model.get_parameter(name)


def _pieces(member: Member, names: Sequence[str]) -> list[list[str]]:
    """The names of parameters one after the other, in pieces that are no larger than `piece_of`."""
    sizes = {name: member.backbone.model.get_parameter(name).nbytes for name in names}
    most = piece_of(sum(sizes.values()), max(sizes.values(), default=0))
    pieces: list[list[str]] = []
    left = 0
    for name in names:
        if not pieces or sizes[name] > left:
            pieces.append([])
            left = most
        pieces[-1].append(name)
        left -= sizes[name]
    return pieces
