"""The page tells of all ways to share a run that workers.py tries, and all of them left the same bytes."""

from reliability.workers import HEADERS, PAGE, TABLE, WAYS


def test_the_page_has_every_way_and_the_same_bytes() -> None:
    section = PAGE.read_text(encoding="utf-8").partition(f"<!-- Begin of {TABLE}. -->")[2]
    lines = section.partition(f"<!-- End of {TABLE}. -->")[0].strip().splitlines()
    head, _, *rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    assert head == list(HEADERS)
    assert [row[:2] for row in rows] == [[name, "yes"] for name in WAYS]
