"""The picture of the structure: boxes inside and apart, arrows that go down."""

import re
from itertools import combinations

from picture import BOX, FLOOR, HEIGHT, WIDTH, draw

FLOORS = [
    [("ground", "ground", "ground/")],
    [("left", "left", "left/"), ("right", "right", "right/")],
    [("one", "one", "one.py"), ("two", "two", "two.py"), ("three", "three", "three.py")],
    [("roof", "roof", "roof/")],
]
ARROWS = [("roof", "ground"), ("roof", "two"), ("one", "left"), ("three", "right"), ("two", "ground")]

SVG = draw(FLOORS, ARROWS)
BOXES = [
    (float(x), float(y))
    for x, y in re.findall(rf'class="box" x="([^"]+)" y="([^"]+)" width="{BOX}" height="{HEIGHT}"', SVG)
]


def test_every_box_and_every_arrow_is_drawn_once() -> None:
    names = re.findall(r'class="name"[^>]*>([^<]+)<', SVG)
    assert sorted(names) == sorted(name for floor in FLOORS for _, name, _ in floor)
    assert len(BOXES) == 7
    assert SVG.count('<path class="arrow"') == len(ARROWS)


def test_boxes_lie_inside_and_apart() -> None:
    assert all(0 <= x <= WIDTH - BOX and 0 <= y <= FLOOR * len(FLOORS) - HEIGHT for x, y in BOXES)
    for (x, y), (other_x, other_y) in combinations(BOXES, 2):
        assert abs(x - other_x) >= BOX or abs(y - other_y) >= HEIGHT


def test_arrows_go_down() -> None:
    for path in re.findall(r'class="arrow" d="([^"]+)"', SVG):
        heights = [float(y) for y in re.findall(r"[ ,V](-?[\d.]+)(?= [-\d]| [CV]|$)", path)]
        assert heights == sorted(heights)
        assert heights[-1] > heights[0]


def test_an_arrow_over_several_floors_passes_between_their_boxes() -> None:
    long = re.findall(r'class="arrow" d="M([\d.]+),([\d.]+) ([^"]+)"', SVG)
    straight = [
        (float(x), float(y)) for _, _, rest in long for x, y in re.findall(r"([\d.]+),([\d.]+) V", rest)
    ]
    assert straight
    for x, y in straight:
        assert all(abs(y - top) > 1 or x < left or x > left + BOX for left, top in BOXES)
