"""What a pair and all that is measured beside it need: page by page, and together."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..pairs.spec import PairSpec
from ..run.timing import in_words
from .before import Asked, DryRun, dry_run
from .forecast import gigabytes
from .report import missing_files


@dataclass(frozen=True)
class DryRuns:
    """The dry runs of a pair, then of its controls and lines.

    They are measured one after the other: times and sizes of files add up, and of memory the largest counts.
    """

    runs: tuple[DryRun, ...]

    @property
    def seconds(self) -> float | None:
        """Until the last one is done; None where that is not known of one of them."""
        walls = [each.planned.wall(each.workers) for each in self.runs]
        known = [wall for wall in walls if wall is not None]
        return sum(known) if len(known) == len(walls) else None

    @property
    def highest(self) -> DryRun:
        """The one that needs most memory relative to what is free."""
        # Of one machine at one time: what is free may change from one dry run to the next.
        return max(self.runs, key=lambda each: each.forecast.share(self.runs[0].machine))

    @property
    def written(self) -> int:
        """Bytes of cells and records."""
        return sum(each.forecast.written for each in self.runs)

    @property
    def to_fetch(self) -> dict[str, int]:
        """Bytes of the files that would be fetched, each once, by checkpoint and name."""
        return {name: size for each in self.runs for name, size in missing_files(each.forecast).items()}

    def text(self) -> str:
        """A page for each, and all of them together."""
        pages = [each.text() for each in self.runs]
        need = self.highest.forecast.scarcest(self.runs[0].machine)
        time = "unknown" if self.seconds is None else f"about {in_words(self.seconds)}"
        named = ", ".join(each.forecast.sketch.spec.name for each in self.runs)
        together = [
            f"together ({len(self.runs)} runs, one after the other: {named})",
            f"time: {time}",
            f"memory: at most {gigabytes(need.needed)} of {gigabytes(need.free)} on {need.place}, by "
            f"{self.highest.forecast.sketch.spec.name}",
            f"disk: {gigabytes(self.written)} to be written",
            f"files: {gigabytes(sum(self.to_fetch.values()))} to be fetched",
        ]
        return "\n\n".join([*pages, "\n".join(together)])

    def json(self) -> dict[str, Any]:
        """All of them, and what they need together; sizes in bytes, times in seconds."""
        need = self.highest.forecast.scarcest(self.runs[0].machine)
        together = {
            "seconds": self.seconds,
            "needed": need.needed,
            "needed_by": self.highest.forecast.sketch.spec.name,
            "written": self.written,
            "to_fetch": self.to_fetch,
        }
        return {"runs": [each.json() for each in self.runs], "together": together}

    def check(self) -> None:
        """Raises NotComputable where one of them clearly does not fit."""
        for each in self.runs:
            each.check()


def dry_runs(
    asked: Asked,
    beside: Sequence[PairSpec],
    out: Path,
    probe: float | None = None,
    tflops: float | None = None,
) -> DryRuns:
    """As `dry_run`, of the pair and of each of the pairs beside it."""
    specs = (asked.spec, *beside)
    return DryRuns(tuple(dry_run(replace(asked, spec=spec), out, probe, tflops) for spec in specs))
