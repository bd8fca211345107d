"""Findings as JUnit XML, which GitLab, Jenkins, Azure and GitHub's test reporters read."""

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from ...errors import printable
from .finding import Finding


def as_junit(subject: str, checks: Sequence[str], findings: Sequence[Finding]) -> str:
    """One suite named by what was checked, with a test for each check, passed where nothing was found.

    `checks`: the names of all that were made, in their order; others that have findings come after them.
    """
    names = list(dict.fromkeys((*checks, *(each.check for each in findings))))
    failed = {each.check for each in findings}
    numbers = {"tests": str(len(names)), "failures": str(len(failed)), "errors": "0", "skipped": "0"}
    suites = Element("testsuites", {"name": "mechshift", **numbers, "time": "0"})
    suite = SubElement(suites, "testsuite", {"name": printable(subject), **numbers, "time": "0"})
    for name in names:
        about = {"classname": printable(subject), "name": printable(name), "time": "0"}
        _describe(SubElement(suite, "testcase", about), [each for each in findings if each.check == name])
    indent(suites, " ")
    return f"{_HEAD}\n{tostring(suites, encoding='unicode')}\n"


_HEAD = '<?xml version="1.0" encoding="UTF-8"?>'


def _describe(case: Element, found: Sequence[Finding]) -> None:
    """One failure for all findings of a check: some readers show only the first of several."""
    if not found:
        return
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    first = f"{found[0].place}: {found[0].problem}"
    failure = SubElement(
        case, "failure", {"message": printable(first) + more, "type": printable(found[0].check)}
    )
    # What XML cannot hold is not printable, and so is escaped with all else that is not.
    failure.text = "\n".join(
        f"{printable(each.place)}: {printable(each.problem)}\n  {printable(each.remedy)}" for each in found
    )
