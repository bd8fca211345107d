"""How a value stands on a page: rounded, with its interval, as a bar on its column's axis, or as a dash."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..record.missing import Missing
from ..record.number import Measured, Number
from ..record.quantity import Rounding
from .markup import Html, joined, tag
from .scale import Scale, around

BAR_WIDTH, BAR_HEIGHT = 112, 14
DASH = "–"


def rounded(value: float, rounding: Rounding) -> str:
    """The rounded value with a real minus sign."""
    return rounding(value).replace("-", "−")


def interval(number: Number, rounding: Rounding) -> str:
    """Its interval, `[0.31, 0.55]`, empty where it has none."""
    if not rounding.interval or number.low is None or number.high is None:
        return ""
    return f"[{rounded(number.low, rounding)}, {rounded(number.high, rounding)}]"


def value_text(value: Measured, rounding: Rounding) -> Html:
    """Value and interval in a line; a dash, with the reason within reach, for one that is missing."""
    if isinstance(value, Missing):
        return dash(value)
    bounds = interval(value, rounding)
    return joined((tag("b", rounded(value.value, rounding)), (" ", tag("small", bounds)) if bounds else ()))


def doubts_sign(doubts: Sequence[str]) -> Html | None:
    """A sign behind a value that unfolds why it is no statement; nothing where there is no reason."""
    if not doubts:
        return None
    summary = tag("summary", "△", tag("span", "in doubt, why?", class_="unseen"))
    return tag("details", summary, tag("span", "; ".join(doubts), class_="reason"), class_="in-doubt")


def control_value(value: Measured, rounding: Rounding) -> Html:
    """The control's value below a pair's own."""
    written = DASH
    if isinstance(value, Number):
        written = f"{rounded(value.value, rounding)} {interval(value, rounding)}".strip()
    return tag("span", tag("span", "control ", class_="unseen"), written, class_="of-control")


def dash(value: Missing) -> Html:
    """A dash that unfolds its reason: read aloud, reached by key, and there without a script."""
    summary = tag("summary", DASH, tag("span", "missing, why?", class_="unseen"))
    return tag("details", summary, tag("span", value.missing, class_="reason"), class_="missing")


@dataclass(frozen=True)
class BarAxis:
    """The axis that the bars of one quantity share."""

    scale: Scale

    @classmethod
    def of(cls, values: Iterable[Measured], signed: bool) -> "BarAxis":
        """An axis for all of these; of a signed quantity 0 is on it."""
        low, high = around(values, (0.0,) if signed else ())
        return cls(Scale(low, high, 4, BAR_WIDTH - 4))

    def draw(self, value: Measured, controls: Iterable[Measured] = ()) -> Html | None:
        """The value as a dot on its interval, controls' as hollow diamonds; nothing for a missing one.

        It repeats what stands beside it in digits, so that a screen reader passes it over.
        """
        if isinstance(value, Missing):
            return None
        middle = BAR_HEIGHT / 2
        axis = f"M{self.scale.start:g} {middle:g}H{self.scale.end:g}"
        if self.scale.low < 0 < self.scale.high:
            axis += f"M{self.scale(0):g} 1V{BAR_HEIGHT - 1}"
        parts = [tag("path", d=axis, class_="track")]
        if value.low is not None and value.high is not None:
            ends = f"M{self.scale(value.low)} {middle}H{self.scale(value.high)}"
            parts.append(tag("path", d=ends, class_="whisker"))
        for control in controls:
            if isinstance(control, Number):
                parts.append(tag("path", d=diamond(self.scale(control.value), middle, 4), class_="control"))
        parts.append(tag("circle", cx=self.scale(value.value), cy=middle, r=3, class_="dot"))
        return tag(
            "svg",
            parts,
            viewBox=f"0 0 {BAR_WIDTH} {BAR_HEIGHT}",
            width=BAR_WIDTH,
            height=BAR_HEIGHT,
            class_="bar",
            aria_hidden="true",
        )


def diamond(x: float, y: float, size: float) -> str:
    """The path of a diamond around a point."""
    return f"M{x} {y - size}l{size} {size}l{-size} {size}l{-size} {-size}z"
