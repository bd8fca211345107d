"""Findings of one check are listed up to a limit, and the rest is counted."""

from mechshift.benchmark.findings.finding import Finding, at_most


def test_the_rest_is_counted() -> None:
    found = [Finding("manifest", f"{number}.json", "it is missing", "make it") for number in range(7)]
    assert at_most(found, 7) == tuple(found)
    *first, last = at_most(found, 4)
    assert first == found[:4]
    assert last == Finding("manifest", "4.json", "3 more problems of this kind", "mend the listed ones first")


def test_the_file_of_a_place() -> None:
    assert Finding("record", "record.json: tasks[0].pool: x", "", "").file == "record.json"
    assert Finding("files", "cells/ioi", "", "").file == "cells/ioi"
