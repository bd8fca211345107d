"""The checks of a loaded pair, in their order, each with a name and with what it found."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from ..pairs.check_name import CheckName, of_check
from ..pairs.matching import check_mask_row
from ..pairs.member import Member
from ..pairs.pair import Pair
from .behaviour import Behaviour, check_behaviour, observe
from .structure import check_attention, check_finite, check_gradient, check_projections, check_residual

Verdict = Literal["passed", "failed", "undecided"]


@dataclass(frozen=True)
class CheckResult:
    """What a check found, and of what: the pair, or one of its members."""

    check: CheckName
    subject: str
    verdict: Verdict
    detail: str


@dataclass(frozen=True)
class Check:
    """A check that is yet to be made: `look` gives verdict and detail, or raises PairError."""

    name: CheckName
    subject: str
    look: Callable[[], tuple[Verdict, str]]

    def make(self) -> CheckResult:
        """What is found. Raises PairError, with the check's name, where it fails."""
        with of_check(self.name):
            return CheckResult(self.name, self.subject, *self.look())


OF_A_MEMBER: tuple[tuple[CheckName, Callable[[Member], None], str], ...] = (
    ("finite", check_finite, "no parameter is NaN or infinite"),
    ("projections", check_projections, "sizes are what the heads need"),
    ("attention", check_attention, "the native class obeys the declared attention, position by position"),
    ("residual stream", check_residual, "every norm reads the sum of all that was written before it"),
    ("gradient", check_gradient, "autograd agrees with a finite difference"),
)


def checks_of(pair: Pair) -> tuple[Check, ...]:
    """Every check of a loaded pair, those that need no pass of a model first, the behaviour last.

    Of a line there is no check of the behaviour.
    """
    of_members = tuple(
        Check(name, member.called, partial(_look_at, pair, check, member, detail))
        for member in pair.members
        for name, check, detail in OF_A_MEMBER
    )
    return (
        # The cheap checks come first, and the behaviour last: it presumes that everything before it holds.
        Check("mask token", pair.mdm.called, partial(_look_at_mask, pair)),
        *of_members,
        # How the second member of a line fills gaps says nothing: nobody trained it to be asked like this.
        *(() if pair.spec.line else (_of_behaviour(pair),)),
    )


def _of_behaviour(pair: Pair) -> Check:
    return Check("behaviour", pair.mdm.called, lambda: look_at_behaviour(pair, observe(pair)))


def _look_at(pair: Pair, check: Callable[[Member], None], member: Member, detail: str) -> tuple[Verdict, str]:
    pair.bring(member)
    check(member)
    return "passed", detail


def _look_at_mask(pair: Pair) -> tuple[Verdict, str]:
    check_mask_row(pair.mdm)
    kind = "an ordinary one, which prompts may not hold" if pair.ordinary_mask else "no ordinary one"
    return "passed", f"id {pair.mdm.mask_id}, {kind}"


def look_at_behaviour(pair: Pair, behaviour: Behaviour) -> tuple[Verdict, str]:
    """What the behaviour check finds of a behaviour that was observed. Raises PairError where it fails."""
    check_behaviour(pair, behaviour)
    return behaviour.verdict, behaviour.detail
