"""The card of a submission: what no program knows of it. A template is written, a person fills it in."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from ..record.record import Record
from ..record.strict import Refused, read_toml

PLACEHOLDER = "FILL IN"
"""How a text begins that nobody has filled in yet."""

LARGEST_CARD = 64 * 1024
"""Bytes of the largest card that is read."""

LONGEST_TEXT = 500
"""Characters of a text of one line."""

OneLine = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_TEXT, pattern=r"^[^\r\n]*$")]
Paragraphs = Annotated[str, StringConstraints(min_length=1, max_length=20_000)]


class _Table(BaseModel):
    # Strict: a date is a TOML date, and a list is not a text that looks like one.
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class Checkpoints(_Table):
    """Where the weights of either member can be had: a link, a hub id with its revision, or how to ask."""

    arm: OneLine
    mdm: OneLine


class Card(_Table):
    """Who hands in what.

    `pair`: its name, as on the board. `weights_licence`: under which terms the weights can be used;
    `licence`: those of the submission itself, such as CC-BY-4.0. `confounds`: what else than the objective
    changed between the members, "none known" if nothing did.
    """

    authors: Annotated[list[OneLine], Field(min_length=1, max_length=200)]
    contact: OneLine
    pair: OneLine
    date: date
    description: Paragraphs
    confounds: Paragraphs
    weights_licence: OneLine
    licence: OneLine
    checkpoints: Checkpoints


def card_names(path: Path) -> tuple[str | None, date | None]:
    """The pair and the day that a card names, whatever else is wrong with it; None where it names none.

    A text that is too long for a name is none.
    """
    try:
        content = read_toml(path, LARGEST_CARD)
    except (OSError, Refused):
        return None, None
    pair, day = content.get("pair"), content.get("date")
    if not isinstance(pair, str) or len(pair) > LONGEST_TEXT or _unfilled(pair):
        pair = None
    return pair, day if type(day) is date else None


@dataclass(frozen=True)
class CardOnBoard:
    """What a board shows of a card. `confounds`: a line each; `problem`: why it cannot be shown, or None."""

    authors: tuple[str, ...] = ()
    contact: str | None = None
    confounds: tuple[str, ...] = ()
    problem: str | None = None

    def confounds_beside(self, known: Collection[str]) -> tuple[str, ...]:
        """The confounds that are not known already, said to be the card's; shortened, as they may be long."""
        own = [line for line in self.confounds if line not in known and not _says_none(line)]
        lines = [line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}…" for line in own]
        more = [f"{len(lines) - MOST_LINES} more lines"] if len(lines) > MOST_LINES else []
        return tuple(f"card: {line}" for line in lines[:MOST_LINES] + more)


UNFILLED = "not filled in"
"""What a board shows in the place of a text that nobody has filled in."""

LONGEST_LINE, MOST_LINES = 300, 10
"""Characters of a confound, and number of them, that stand beside a row."""


def _says_none(line: str) -> bool:
    return line.casefold().startswith(("none known", "none."))


def card_on_board(path: Path) -> CardOnBoard:
    """What a board shows of a card, filled in or not. Never raises for what a card is or holds."""
    try:
        card = Card.model_validate(read_toml(path, LARGEST_CARD))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        return CardOnBoard(
            problem=f"its card is not valid: {'.'.join(map(str, first['loc']))}: {first['msg']}"
        )
    except (OSError, Refused) as error:
        return CardOnBoard(problem=f"its card cannot be read: {getattr(error, 'strerror', None) or error}")
    confounds = (UNFILLED,) if _unfilled(card.confounds) else tuple(card.confounds.splitlines())
    return CardOnBoard(
        tuple(UNFILLED if _unfilled(author) else author for author in card.authors),
        UNFILLED if _unfilled(card.contact) else card.contact,
        tuple(line.strip() for line in confounds if line.strip()),
    )


def check_card(path: Path) -> list[str]:
    """What is wrong with a card, a line each and where it stands; empty for a card that is filled in."""
    try:
        content = read_toml(path, LARGEST_CARD)
    except (OSError, Refused) as error:
        return [f"it cannot be read: {getattr(error, 'strerror', None) or error}"]
    try:
        Card.model_validate(content)
    except ValidationError as error:
        faults = [
            f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors(include_url=False)
        ]
    else:
        faults = []
    return faults + [f"{place}: still to be filled in" for place in _unfilled(content)]


def write_template(record: Record, made: date) -> str:
    """The text of a card with what the record tells of a submission, and places for what it does not."""
    pair = record.pair
    known = "\n".join(pair.confounds)
    return _TEMPLATE.format(
        pair=_quoted(pair.name),
        date=made.isoformat(),
        confounds=_quoted(known or f"{PLACEHOLDER}: what else changed, or: none known"),
        arm=_quoted(_location(pair.arm.checkpoint, pair.arm.revision)),
        mdm=_quoted(_location(pair.mdm.checkpoint, pair.mdm.revision)),
        todo=PLACEHOLDER,
    )


def _location(checkpoint: str, revision: str | None) -> str:
    # Only with a revision it is a place on the hub; a folder of one machine says nothing to others.
    return f"{checkpoint}@{revision}" if revision else f"{PLACEHOLDER}: a link, or how to ask for them"


def _quoted(text: str) -> str:
    """A text as a TOML string, whose escapes are those of JSON; DEL is the one that JSON leaves as it is."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _unfilled(content: object, place: str = "") -> list[str]:
    if isinstance(content, str):
        return [place] if content.lstrip().startswith(PLACEHOLDER) else []
    inner: list[tuple[object, object]] = []
    if isinstance(content, dict):
        inner = [(name, each) for name, each in content.items()]
    elif isinstance(content, list):
        inner = list(enumerate(content))
    return [one for name, each in inner for one in _unfilled(each, f"{place}.{name}".removeprefix("."))]


_TEMPLATE = """\
# Replace each text that begins with {todo}; `mechshift validate` names those left.

# Who made the run and answers for it.
authors = ["{todo}: name of an author", "{todo}: name of another, or delete this one"]
# How to reach you about it: an address or a link.
contact = "{todo}"

# The pair, as it will stand on the board.
pair = {pair}
date = {date}
# What the pair is: how the MDM was made from the ARM, on which data, for how many tokens.
description = "{todo}"
# What changed besides the objective: data, tokenizer, length of training.
confounds = {confounds}

# Terms under which the weights can be used, such as Apache-2.0.
weights_licence = "{todo}"
# Terms under which this submission can be used, such as CC-BY-4.0.
licence = "{todo}"

# Where the weights of either member can be had.
[checkpoints]
arm = {arm}
mdm = {mdm}
"""
