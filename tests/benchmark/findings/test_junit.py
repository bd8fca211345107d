"""JUnit XML that any reader takes: a test a check, one failure for all that it found."""

from xml.etree import ElementTree

from mechshift.benchmark.findings.finding import Finding
from mechshift.benchmark.findings.junit import as_junit

FOUND = (
    Finding("card", "card.toml", "contact: still to be filled in", "edit it"),
    Finding("manifest", "a.json", "it is missing", "make it"),
    Finding("manifest", "b.json", "it is missing", "make it"),
)


def test_a_test_for_each_check() -> None:
    root = ElementTree.fromstring(as_junit("tiny-v2", ("manifest", "record", "card"), FOUND))
    assert root.tag == "testsuites"
    (suite,) = root
    numbers = {"tests": "3", "failures": "2", "errors": "0", "skipped": "0", "time": "0"}
    assert root.attrib == {"name": "mechshift", **numbers}
    assert suite.attrib == {"name": "tiny-v2", **numbers}
    assert [case.get("name") for case in suite] == ["manifest", "record", "card"]
    assert {case.get("classname") for case in suite} == {"tiny-v2"}
    assert [len(case) for case in suite] == [1, 0, 1]
    failure = suite[0][0]
    assert failure.tag == "failure"
    assert failure.attrib == {"message": "a.json: it is missing (and 1 more)", "type": "manifest"}
    assert failure.text == "a.json: it is missing\n  make it\nb.json: it is missing\n  make it"


def test_nothing_found_is_all_passed() -> None:
    (suite,) = ElementTree.fromstring(as_junit("x", ("manifest", "record"), ()))
    assert (suite.get("tests"), suite.get("failures")) == ("2", "0")
    assert [len(case) for case in suite] == [0, 0]


def test_what_xml_forbids_and_markup_are_text() -> None:
    every = "".join(map(chr, (*range(32), 0x7F, 0x85, 0x2028, 0xD800, 0xDFFF, 0xFFFE, 0xFFFF)))
    hostile = f"{every} <!-- ]]> <![CDATA[ &lt; <failure/> \"'"
    text = as_junit(hostile, (), [Finding(hostile, hostile, hostile, hostile)])
    (suite,) = ElementTree.fromstring(text.encode())
    ((failure,),) = suite
    assert "<!-- ]]> <![CDATA[ &lt; <failure/> \"'" in str(failure.text)
    assert "\\x00\\x01" in str(failure.text)
    assert "\\ud800\\udfff\\ufffe\\uffff" in str(failure.get("message"))
