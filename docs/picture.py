"""A layered graph as SVG: boxes on floors, arrows that only go down and run around the boxes between.

The usual way (Sugiyama, Tagawa and Toda 1981): an arrow over several floors becomes a chain of points, one a
floor; boxes and points of a floor are ordered by where their neighbours are, and then set apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

WIDTH, BOX, HEIGHT, FLOOR, GAP, LANE = 900, 150, 38, 74, 22, 14
"""Pixels: the picture, a box, its height, floor to floor, between boxes, for an arrow that passes a floor."""

SWEEPS = 200

STYLE = """
.ground { fill: #ffffff } .floor { fill: #f4f4f6 } .box { fill: #ffffff; stroke: #6b7280 }
.name { font: 600 14px sans-serif; fill: #111827 } .path, .height { font: 11px sans-serif; fill: #4b5563 }
.arrow { fill: none; stroke: #2563a8; stroke-width: 1.3 } .head { fill: #2563a8 }
@media (prefers-color-scheme: dark) {
.ground { fill: #111318 } .floor { fill: #1b1e25 } .box { fill: #262a33; stroke: #8b93a1 }
.name { fill: #f3f4f6 } .path, .height { fill: #b6bcc7 }
.arrow { stroke: #7ab3ea } .head { fill: #7ab3ea } }
"""

Box = tuple[str, str, str]
"""Key, name and path."""


@dataclass(eq=False)
class Place:
    """A box, or the point where an arrow passes a floor."""

    floor: int
    width: float
    box: Box | None = None
    x: float = WIDTH / 2
    above: list["Place"] = field(default_factory=list)
    below: list["Place"] = field(default_factory=list)

    @property
    def neighbours(self) -> list["Place"]:
        """All that it is joined to."""
        return self.above + self.below


def draw(floors: Sequence[Sequence[Box]], arrows: Sequence[tuple[str, str]]) -> str:
    """The SVG of boxes by floor, from the ground up, and arrows from a key to one on a lower floor."""
    places = [[Place(height, BOX, box) for box in row] for height, row in enumerate(floors)]
    chains = join(places, arrows)
    arrange(places)
    body = [floor_band(height, len(floors)) for height in range(len(floors))]
    body += [arrow(chain, len(floors)) for chain in chains]
    body += [box_shape(place, len(floors)) for row in places for place in row if place.box]
    tall = FLOOR * len(floors)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {tall}" width="{WIDTH}" '
        f'height="{tall}" role="img"><title>Rooms on their floors, and what imports what</title>\n'
        f"<style>{STYLE}</style>\n"
        '<defs><marker id="head" markerWidth="8" markerHeight="8" refX="7" refY="3.5" orient="auto">'
        '<path class="head" d="M0,0 L8,3.5 L0,7 z"/></marker></defs>\n'
        f'<rect class="ground" width="{WIDTH}" height="{tall}"/>\n' + "\n".join(body) + "\n</svg>\n"
    )


def join(places: list[list[Place]], arrows: Sequence[tuple[str, str]]) -> list[list[Place]]:
    """Each arrow as its chain of places, from the upper box down; points are added to the floors between."""
    boxes = {place.box[0]: place for row in places for place in row if place.box}
    chains = []
    for upper, lower in arrows:
        start, end = boxes[upper], boxes[lower]
        points = [Place(height, LANE) for height in range(start.floor - 1, end.floor, -1)]
        chain = [start, *points, end]
        for one, other in pairwise(chain):
            one.below.append(other)
            other.above.append(one)
        for point in points:
            places[point.floor].append(point)
        chains.append(chain)
    return chains


def arrange(places: list[list[Place]]) -> None:
    """Order every floor by the mean of the neighbours, again and again, and set its places apart."""
    for row in places:
        spread(row, [WIDTH * (i + 1) / (len(row) + 1) for i in range(len(row))])
    for sweep in range(SWEEPS):
        for row in places if sweep % 2 else reversed(places):
            # The last sweeps look both ways, the first ones only to the side that they come from.
            wanted = [centre(place, None if sweep > SWEEPS // 2 else sweep % 2 == 0) for place in row]
            order = sorted(range(len(row)), key=lambda i: (wanted[i], row[i].x))
            row[:] = [row[i] for i in order]
            spread(row, [wanted[i] for i in order])


def centre(place: Place, from_above: bool | None) -> float:
    """The weighted mean of the neighbours above, below or on both sides; where it is, if there are none."""
    near = place.neighbours if from_above is None else place.above if from_above else place.below
    if not near:
        return place.x
    # Two points are pulled together more than two boxes, so that long arrows run straight (as in Graphviz).
    pulls = [1 if place.box and other.box else 2 if place.box or other.box else 8 for other in near]
    return sum(pull * other.x for pull, other in zip(pulls, near, strict=True)) / sum(pulls)


def spread(row: list[Place], wanted: list[float]) -> None:
    """Place a floor as near to where its places want to be as their widths allow, in their order.

    Least squares under an order is a mean over blocks of neighbours (pool adjacent violators).
    """
    offsets = [0.0]
    for left, right in pairwise(row):
        between = GAP if left.box and right.box else LANE
        offsets.append(offsets[-1] + (left.width + right.width) / 2 + between)
    blocks: list[list[float]] = []
    for want, offset in zip(wanted, offsets, strict=False):
        blocks.append([want - offset, 1])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            mean, weight = blocks.pop()
            other, more = blocks.pop()
            blocks.append([(mean * weight + other * more) / (weight + more), weight + more])
    starts = [mean for mean, weight in blocks for _ in range(int(weight))]
    low = 56 + row[0].width / 2 if row else 0
    high = WIDTH - 8 - row[-1].width / 2 if row else 0
    for place, start, offset in zip(row, starts, offsets, strict=False):
        place.x = min(max(start, low), high - offsets[-1]) + offset


def middle(place: Place, floors: int) -> float:
    """The height of a floor's middle in the picture."""
    return FLOOR * (floors - 1 - place.floor) + FLOOR / 2


def floor_band(height: int, floors: int) -> str:
    """The ground that a floor's boxes stand on, with its number."""
    top = FLOOR * (floors - 1 - height)
    return (
        f'<rect class="floor" x="4" y="{top + 10}" width="{WIDTH - 8}" height="{FLOOR - 20}" rx="6"/>'
        f'<text class="height" x="14" y="{top + FLOOR / 2 + 4:.0f}">{height}</text>'
    )


def box_shape(place: Place, floors: int) -> str:
    """A box with name and path."""
    x, y = place.x - BOX / 2, middle(place, floors) - HEIGHT / 2
    _, name, path = place.box or ("", "", "")
    return (
        f'<rect class="box" x="{x:.1f}" y="{y:.1f}" width="{BOX}" height="{HEIGHT}" rx="5"/>'
        f'<text class="name" x="{place.x:.1f}" y="{y + 16:.1f}" text-anchor="middle">{name}</text>'
        f'<text class="path" x="{place.x:.1f}" y="{y + 31:.1f}" text-anchor="middle">{path}</text>'
    )


def arrow(chain: list[Place], floors: int) -> str:
    """A smooth line through a chain, straight where it passes a floor."""
    last = len(chain) - 1
    x, y = leave(chain[0], chain[1]), middle(chain[0], floors) + HEIGHT / 2
    path = f"M{x:.1f},{y:.1f}"
    for number, place in enumerate(chain[1:], start=1):
        to_x = leave(place, chain[number - 1]) if number == last else place.x
        top = middle(place, floors) - HEIGHT / 2
        bend = (top - y) / 2
        path += f" C{x:.1f},{y + bend:.1f} {to_x:.1f},{top - bend:.1f} {to_x:.1f},{top:.1f}"
        x, y = to_x, top
        if number != last:
            y += HEIGHT
            path += f" V{y:.1f}"
    return f'<path class="arrow" d="{path}" marker-end="url(#head)"/>'


def leave(box: Place, other: Place) -> float:
    """Where on a box's edge an arrow begins or ends: arrows of one edge stand apart, in their order."""
    side = sorted(box.below if other in box.below else box.above, key=lambda place: place.x)
    return box.x + (side.index(other) + 1) * BOX / (len(side) + 1) - BOX / 2
