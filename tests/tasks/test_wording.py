import pytest

from mechshift.tasks.wording import Marked, PromptRole, filled, joined, marked


def pieces(text: Marked) -> list[tuple[str, str]]:
    """Each role's name and what stands there."""
    return [(role.name, text.text[role.start : role.end]) for role in text.roles]


def test_a_text_that_plays_one_role_as_a_whole() -> None:
    assert marked("cat", "subject") == Marked("cat", (PromptRole("subject", 0, 3),))
    assert marked(12, "operand") == Marked("12", (PromptRole("operand", 0, 2),))


def test_a_role_behind_a_text() -> None:
    assert PromptRole("subject", 1, 4).behind(10) == PromptRole("subject", 11, 14)


def test_parts_keep_their_roles_where_they_are_joined() -> None:
    found = joined(", ", [marked("a", "x"), "bb", marked("ccc", "y")])
    assert found == Marked("a, bb, ccc", (PromptRole("x", 0, 1), PromptRole("y", 7, 10)))


def test_nothing_joined_is_an_empty_text() -> None:
    assert joined(", ", []) == Marked("")


def test_a_template_is_filled_as_format_does_it() -> None:
    template = "{{In}} {place}, {who} and {place}."
    found = filled(template, place=marked("Rome", "place"), who="Ann")
    assert found.text == template.format(place="Rome", who="Ann") == "{In} Rome, Ann and Rome."
    assert pieces(found) == [("place", "Rome"), ("place", "Rome")]


def test_roles_within_a_piece_are_kept() -> None:
    inner = filled("{a}-{b}", a=marked("1", "ten"), b=marked("2", "unit"))
    found = filled("Year {year}: {year}", year=inner)
    assert found.text == "Year 1-2: 1-2"
    assert pieces(found) == [("ten", "1"), ("unit", "2")] * 2
    assert [role.start for role in found.roles] == [5, 7, 10, 12]


def test_a_field_that_is_not_given() -> None:
    with pytest.raises(KeyError, match="who"):
        filled("{who}")
