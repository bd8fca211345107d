"""Names of submissions: a date and the stem of a record."""

from datetime import date

import pytest

from mechshift.benchmark.submission.layout import parse_name, submission_name
from mechshift.errors import UsageError

DAY = date(2026, 11, 29)


@pytest.mark.parametrize(
    "stem", ["tiny-v2", "a", "Dream-7B.v1-partial", "0_1", "tiny-quick-countdown+ioi", "a@1"]
)
def test_a_name_is_read_back(stem: str) -> None:
    assert parse_name(submission_name(DAY, stem)) == (DAY, stem)


@pytest.mark.parametrize("stem", ["", "-v2", "a b", "a/b", "../a", "é", "a\n"])
def test_a_stem_that_no_name_may_have_is_refused(stem: str) -> None:
    with pytest.raises(UsageError, match="rename the record"):
        submission_name(DAY, stem)


@pytest.mark.parametrize("name", ["tiny-v2", "2026-02-30-tiny", "2026-11-29", "2026-11-29-", "x2026-11-29-a"])
def test_other_names_are_none(name: str) -> None:
    assert parse_name(name) is None
