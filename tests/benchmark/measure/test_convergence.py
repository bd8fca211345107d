"""The examples on which the number of integration points is found."""

from collections import Counter
from collections.abc import Callable

import pytest

from mechshift.benchmark.asking.encoding import Encoded
from mechshift.benchmark.asking.pool import Solved
from mechshift.benchmark.asking.states import Question, questions
from mechshift.benchmark.circuits.points import POINTS
from mechshift.benchmark.measure.convergence import find_convergence, spread
from mechshift.benchmark.pairs.member import Member
from mechshift.benchmark.record.protocol import V2

MakeQuestions = Callable[[Member, int], list[Question]]


@pytest.fixture
def ask(encoded: Callable[..., Encoded]) -> MakeQuestions:
    """Questions of three templates in turn."""

    def build(member: Member, number: int) -> list[Question]:
        examples = {index: encoded(6, [3], [4], seed=index) for index in range(number)}
        solved = [
            Solved(index=index, order=(0,), template=each.example.template)
            for index, each in examples.items()
        ]
        return questions(member, examples, solved, range(number))

    return build


def test_every_template_has_as_many_as_can_be(member: Callable[..., Member], ask: MakeQuestions) -> None:
    asked = [
        one for one in ask(member(), 30) if one.encoded.example.template != "template 2" or one.index < 3
    ]
    chosen = spread(asked, 9)
    templates = Counter(one.encoded.example.template for one in chosen)
    assert templates == {"template 0": 4, "template 1": 4, "template 2": 1}
    assert [one.index for one in chosen] == [0, 1, 2, 3, 4, 6, 7, 9, 10]


def test_no_template_is_left_out_and_no_question_is_asked_twice(
    member: Callable[..., Member], ask: MakeQuestions
) -> None:
    asked = ask(member(), 7)
    assert {one.encoded.example.template for one in spread(asked, 1)} == {f"template {i}" for i in range(3)}
    assert sorted(one.index for one in spread(asked, 100)) == list(range(7))


def test_the_number_is_one_of_those_that_are_tried_and_no_matter_of_batches(
    member: Callable[..., Member], ask: MakeQuestions
) -> None:
    one = member("mdm", "full")
    scoring = V2.changed(convergence=6).scoring
    found = [find_convergence(one, ask(one, 8), scoring, rows) for rows in (1, 64)]
    assert found[0].finished(scoring.most)
    assert found[0].steps in POINTS
    assert found[0].steps == found[1].steps
    assert found[0].residuals == pytest.approx(found[1].residuals, rel=1e-3, abs=1e-5)
