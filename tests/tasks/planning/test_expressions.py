import pytest

from mechshift.tasks.planning.expressions import solutions


def test_three_numbers_by_hand() -> None:
    assert solutions((2, 3, 7), "+-") == {
        12: ["7+3+2"], 8: ["7+3-2"], 6: ["7+2-3"], 2: ["7-3-2"],
    }  # fmt: skip


def test_products_and_exact_quotients_by_hand() -> None:
    assert solutions((2, 6), "+-*/") == {8: ["6+2"], 4: ["6-2"], 12: ["6*2"], 3: ["6/2"]}
    assert solutions((4, 6), "/") == {}


def test_sums_within_products_have_brackets() -> None:
    found = solutions((2, 3, 10), "+-*")
    assert found[50] == ["10*(3+2)"]
    assert found[16] == ["10+3*2"]
    assert found[4] == ["10-3*2"]


@pytest.mark.parametrize("numbers", [(5,), (5, 5), (5, 5, 5)])
def test_equal_numbers_give_one_expression_each_way(numbers: tuple[int, ...]) -> None:
    assert all(len(texts) == 1 for texts in solutions(numbers, "+-").values())


def test_order_of_the_numbers_does_not_matter() -> None:
    assert solutions((31, 4, 17), "+-*/") == solutions((17, 31, 4), "+-*/")
