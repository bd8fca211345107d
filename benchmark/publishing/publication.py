"""What is published: a record, what was found out about it, and what it does not hold itself."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from ...errors import UsageError
from ..record.lines import LINES
from ..record.means import Summary
from ..record.number import Measured
from ..record.protocol import Protocol
from ..record.quantity import Quantity
from ..record.record import Record
from ..record.row import pair_quantities
from ..tables.cells import plain

HUB_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*/[A-Za-z0-9][A-Za-z0-9_.-]*")
"""An organisation or a user, and a repository of theirs."""


@dataclass(frozen=True)
class HubPlace:
    """A repository of the Hub, at a revision or at whatever is newest."""

    id: str
    revision: str | None = None

    @classmethod
    def parse(cls, text: str) -> "HubPlace":
        """Of `ORG/NAME` or `ORG/NAME@REVISION`. Raises UsageError for anything else."""
        name, at, revision = text.partition("@")
        if not HUB_ID.fullmatch(name) or (at and not re.fullmatch(r"[\w./-]+", revision, re.ASCII)):
            raise UsageError(
                f"{text!r} is not a repository of the Hub", "write it ORG/NAME, or ORG/NAME@REVISION"
            )
        return cls(name, revision or None)


@dataclass(frozen=True)
class PublishedRecord:
    """A record as it is published.

    `status` is what was found and not claimed: whether somebody else has measured the same. `unofficial` says
    why no board takes the record, None where one does. `made` is the day of the run, `url` a page on which
    the record can be seen, `dataset` the repository that holds the benchmark; None where it is not known.
    """

    record: Record
    status: Literal["self-reported", "re-run"] = "self-reported"
    unofficial: str | None = None
    made: date | None = None
    url: str | None = None
    dataset: HubPlace | None = None

    def __post_init__(self) -> None:
        # On the Hub's pages it becomes a link.
        if self.url is not None and not re.fullmatch(r"https?://[^\s\"<>\\]+", self.url):
            raise UsageError(f"{self.url!r} is no address of a page", "begin it with https:// or http://")


def caveats(publication: PublishedRecord) -> list[str]:
    """What nobody should read the numbers without, each on one line: doubts, control, status, confounds."""
    pair = publication.record.pair
    found = []
    if publication.unofficial is not None:
        found.append(f"UNOFFICIAL, not comparable with a board's results: {plain(publication.unofficial)}")
    if pair.control:
        found.append("control: the second model is no MDM but the ARM trained further")
    if pair.line is not None:
        found.append(f"a line beside a pair, and no pair: the second model is {LINES[pair.line.name]}")
    found.append(publication.status)
    named = "; ".join(map(plain, pair.confounds))
    found.append(f"confounds: {named or 'none declared'}")
    return found


def called(protocol: Protocol) -> str:
    """Name and version of a protocol in words."""
    return f"protocol {plain(protocol.name)}, version {protocol.version}"


def suite_id(protocol: Protocol, suite: str) -> str:
    """What a suite, as a protocol asks it, is called in the benchmark's repository, such as `v2-local`."""
    # With the protocol, because results of two protocols are never ranked together.
    return f"{plain(protocol.name)}-{suite}"


@dataclass(frozen=True)
class RowValue:
    """A quantity of a pair's row, and its value."""

    quantity: Quantity[Summary]
    value: Measured


def row_values(record: Record) -> Iterator[RowValue]:
    """Every quantity of a pair's row, in the order of its columns."""
    for quantity in pair_quantities():
        yield RowValue(quantity, quantity.of(record.summary))
