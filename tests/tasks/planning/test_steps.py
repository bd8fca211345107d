import pytest

from mechshift.tasks.planning.steps import in_steps, read


@pytest.mark.parametrize(
    ("expression", "steps"),
    [
        ("30+18-28", "30+18=48,48-28=20"),
        ("79-44", "79-44=35"),
        ("9*2-(5+1)", "9*2=18,5+1=6,18-6=12"),
        ("40-6*2", "6*2=12,40-12=28"),
        ("(68-64)*(21-8)", "68-64=4,21-8=13,4*13=52"),
        ("12*6/3/2", "12*6=72,72/3=24,24/2=12"),
        ("10*(3+2)", "3+2=5,10*5=50"),
    ],
)
def test_steps_by_hand(expression: str, steps: str) -> None:
    assert in_steps(expression) == steps


def test_what_steps_start_from_and_reach_by_hand() -> None:
    assert read("44-15=29,79-29=50") == ((15, 44, 79), 50)
    assert read("1+2=3") == ((1, 2), 3)
    assert read("5-5=0,0+7=7") == ((5, 5, 7), 7)
    assert read("1+2=3,3+3=6") == ((1, 2, 3), 6)
    assert read("1+1=2,2+2=4,4+2=6") == ((1, 1, 2, 2), 6)
    assert read("68-64=4,21-8=13,13*4=52") == ((8, 21, 64, 68), 52)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "44-15=28,79-28=51",
        "79-29=50,44-15=29",
        "44-15=29,79-50=29",
        "44-15=29,79+15=94",
        "7/2=3,3+1=4",
        "2-3=-1,5-1=4",
        "1+2=3,",
        "01+2=3",
        "30+18-28=20",
    ],
)
def test_what_is_no_steps(line: str) -> None:
    """Untrue, with a result that is not used, or written otherwise."""
    assert read(line) is None
