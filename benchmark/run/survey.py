"""Which cells of a plan are there, and which others can be begun now, in a folder that others share."""

from collections.abc import Iterator, Sequence
from contextlib import suppress

from ...errors import OutputError
from ..record.protocol import Protocol, ProtocolTask
from .claims import Claims, claims_in, names_in
from .plan import Cell, Plan
from .pools import why_unusable
from .store import Damaged, Seal, Store, digest_of
from .timing import Slot, slot_of


class Survey:
    """What is known of a plan's cells by their seals and claims, as of the last look.

    `order`: the tasks, those first that are to be begun first.
    """

    def __init__(
        self, plan: Plan, protocol: Protocol, store: Store, claims: Claims, order: Sequence[ProtocolTask]
    ) -> None:
        self._protocol = protocol
        self._store = store
        self._claims = claims
        self._order = tuple(order)
        self._cells = {task: plan.of(task) for task in plan.tasks}
        self._others = {slot_of(cell): plan.others(cell) for cell in plan.cells}
        # A key is a digest, which is not to be computed at every look.
        self._paths = {slot_of(cell): store.path(cell) for cell in plan.cells}
        self._there: dict[Slot, Seal] = {}
        self._at: dict[Slot, str] = {}
        self._sound: dict[Slot, str] = {}
        self._judged: dict[str, tuple[str, bool]] = {}
        for _ in self.look():
            pass

    @property
    def others_at_work(self) -> int:
        """How many other processes are at cells that are not there."""
        return len(set(self._at.values()))

    def look(self) -> Iterator[tuple[Cell, Seal]]:
        """Look again; the cells that are there since the last time."""
        self._at.clear()
        for cells in self._cells.values():
            missing = [cell for cell in cells if slot_of(cell) not in self._there]
            if missing:
                yield from self._look_for(missing)

    def _look_for(self, missing: Sequence[Cell]) -> Iterator[tuple[Cell, Seal]]:
        """Look for cells of one task, all of which are kept in one folder."""
        names = set(names_in(self._paths[slot_of(missing[0])].parent))
        claims = claims_in(names)
        for cell in missing:
            slot = slot_of(cell)
            path = self._paths[slot]
            if path.with_suffix(".seal").name in names and (seal := self._store.seal(cell)) is not None:
                self._there[slot] = seal
                yield cell, seal
            elif path.stem in claims:
                holder = self._claims.holder(path, max(claims[path.stem]))
                if holder not in (None, self._claims.claimant.token):
                    self._at[slot] = str(holder)

    def made(self, cell: Cell, seal: Seal) -> None:
        """A cell is there now."""
        self._there[slot_of(cell)] = seal

    def lost(self, cell: Cell) -> None:
        """A cell is not there any more, or damaged."""
        self._there.pop(slot_of(cell), None)

    def whole(self, task: ProtocolTask) -> bool:
        """Whether all cells of a task are there, or as many as there will be."""
        return all(slot_of(cell) in self._there for cell in self._cells[task]) or self._is_unusable(task)

    def next(self) -> ProtocolTask | None:
        """The task to be at next: one at which fewest others are; None where no cell can be begun now."""
        found = [task for task in self._order if self._has_work(task)]
        return min(found, key=lambda task: sum(name == task.name for name, _ in self._at), default=None)

    def _has_work(self, task: ProtocolTask) -> bool:
        missing = [cell for cell in self._cells[task] if slot_of(cell) not in self._there]
        if not missing or self._is_unusable(task):
            return False
        return any(slot_of(cell) not in self._at and self.ready(cell) for cell in missing)

    def ready(self, cell: Cell) -> bool:
        """Whether all that a cell needs is there; of other tasks, of those that give a comparison."""
        if any((cell.task.name, need) not in self._there for need in cell.kind.needs):
            return False
        others = [one for one in self._others[slot_of(cell)] if not self._is_unusable(one.task)]
        # Contents are read only where all are there.
        return all(slot_of(one) in self._there for one in others) and all(map(self._is_sound, others))

    def _is_sound(self, cell: Cell) -> bool:
        """Whether a cell's content is what was sealed, and of what is there: another task is to use it."""
        slot = slot_of(cell)
        seal = self._there[slot]
        needed = [(need, self._there.get((cell.task.name, need))) for need in cell.kind.needs]
        if seal.needs == {need: one.digest for need, one in needed if one is not None}:
            if self._sound.get(slot) == seal.digest:
                return True
            with suppress(OSError):
                if digest_of(self._paths[slot]) == seal.digest:
                    self._sound[slot] = seal.digest
                    return True
        # Whoever is at its task next reads it, and makes it again.
        self.lost(cell)
        return False

    def _is_unusable(self, task: ProtocolTask) -> bool:
        """Whether a task is known to give no comparison: its pool is there, and too small."""
        pool = self._cells[task][0]
        seal = self._there.get(slot_of(pool))
        if seal is None:
            return False
        judged = self._judged.get(task.name)
        if judged is None or judged[0] != seal.digest:
            try:
                kept = self._store.read(pool, {})
            except Damaged:
                kept = None
            if kept is None:
                self.lost(pool)
                return False
            judged = seal.digest, why_unusable(kept.content, self._protocol) is not None
            self._judged[task.name] = judged
        return judged[1]

    def tidy(self) -> None:
        """Remove claims that mean nothing any more."""
        for cells in self._cells.values():
            with suppress(OutputError):  # whatever ended the run has been told
                claims = claims_in(names_in(self._paths[slot_of(cells[0])].parent))
                for path in (self._paths[slot_of(cell)] for cell in cells):
                    if path.stem in claims:
                        self._claims.tidy(path, path.with_suffix(".seal").exists())
