import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import product

import pytest

from mechshift.tasks import Example, get_task
from mechshift.tasks.example import split_of

Draw = Callable[..., tuple[Example, ...]]
Mutants = Callable[..., Iterator[tuple[Example, str]]]

SIZES = {"small": (3, 2), "medium": (3, 3), "large": (5, 5), "few-shot": (3, 2)}
START_FIRST = re.compile(r"^(?:.*[Ff]rom ([A-Z]) to|Start ([A-Z]), goal) ([A-Z])(?=[.,])")
GOAL_FIRST = re.compile(r"^(?:(?:.*[Tt]o|Reach) ([A-Z]) from|Goal ([A-Z]), start) ([A-Z])(?=[.,])")
LIST = re.compile(r"\b[A-Z] [A-Z]\b(?:, [A-Z] [A-Z]\b)*")
LINE_ENDS = r"\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
SPACE = rf"[^\S{LINE_ENDS}]"


def written(prompt: str) -> list[str]:
    """The edges as a prompt lists them, once and together, behind a header where it has one."""
    (found,) = LIST.findall(prompt.rpartition("\n\n")[2])
    listed: str = found
    return listed.split(", ")


def edges_of(prompt: str) -> list[tuple[str, str]]:
    """Where each edge leads from and to: the node that is written second comes first on a path."""
    return [(edge[2], edge[0]) for edge in written(prompt)]


def ends_of(prompt: str) -> tuple[str, str]:
    """Start and goal, which a prompt states once, in either order."""
    question = prompt.rpartition("\n\n")[2]
    ((form, found),) = [(form, m) for form in (START_FIRST, GOAL_FIRST) if (m := form.search(question))]
    first, second = filter(None, found.groups())
    return (first, second) if form is START_FIRST else (second, first)


def paths(prompt: str) -> list[str]:
    """All simple paths from the start to the goal along the edges, by search."""
    edges, (start, goal) = edges_of(prompt), ends_of(prompt)

    def extended(path: str) -> Iterator[str]:
        if path[-1] == goal:
            yield path
        for before, after in edges:
            if before == path[-1] and after not in path:
                yield from extended(path + after)

    return list(extended(start))


def is_right(prompt: str, output: str) -> bool:
    """Whether the first line that is not empty is a path, its nodes with spaces between and around them."""
    return any(
        re.match(rf"\s*{f'{SPACE}+'.join(path)}{SPACE}*([{LINE_ENDS}]|\Z)", output) for path in paths(prompt)
    )


def example_of(clean: str, answer: str) -> Example:
    return Example(clean, "", answer, "", "start-first", "start-first-0", ())


KNOWN = example_of("From A to E. Edges: C B, D A, E D, B A. Path:", " A D E")


def test_a_known_instance() -> None:
    assert paths(KNOWN.clean) == ["ADE"]
    assert get_task("star-path").check(KNOWN, KNOWN.answer)


@pytest.mark.parametrize(
    "output",
    ["A D E", "  A  D   E  ", "A\tD\xa0E", "\n\nA D E", "A D E\nA B C", "A D E\nand more", "A D E\r\n"],
)
def test_spaces_and_later_lines_do_not_count(output: str) -> None:
    assert is_right(KNOWN.clean, output)
    assert get_task("star-path").check(KNOWN, output)


WRONG = {
    "nothing": ("", "\n"),
    "lower case": ("a d e", "A d E", "A D e"),
    "joined": ("ADE", "AD E", "A DE"),
    "arrows": ("A > D > E", "A>D>E", "A -> D -> E", "A → D → E"),
    "other signs": ("A, D, E", "A-D-E", "A; D; E", "(A D E)", '"A D E"', "A D E.", ": A D E"),
    "other letters": ("Ａ Ｄ Ｅ", "А D Е", "A D É", "A D E\u0301", "A D \u200bE", "A 4 E"),
    "reversed": ("E D A", "C B A"),
    "edges as they are written": ("D A, E D", "D A E D", "E D D A", "C B, D A, E D, B A", "C B D A E D B A"),
    "edges turned round": ("A D, D E", "A D D E"),
    "wrong arm": ("A B C", "A B E", "A B C\nA D E"),
    "a node too many": ("A B D E", "A D B E", "A D E C", "B A D E", "A Z D E"),
    "a node twice": ("A A D E", "A D D E", "A D E E", "A D A D E", "A D E D E"),
    "a node too few": ("A E", "A D", "D E", "A", "E", "A  E"),
    "one node to a line": ("A\nD\nE", "A D\nE", "A\vD\vE", "A\u2028D\u2028E"),
    "text on the line": ("A D E and more", "A D E A B C", "A D E > B", "Path: A D E", "the A D E", "A D E x"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_anything_else_is_wrong(kind: str) -> None:
    check = get_task("star-path").check
    assert [text for text in WRONG[kind] if is_right(KNOWN.clean, text) or check(KNOWN, text)] == []


def test_any_path_to_the_goal_is_right() -> None:
    """A graph with two ways to the goal, which no star has."""
    two = example_of("From A to D. Edges: B A, D B, C A, D C. Path:", " A B D")
    assert sorted(paths(two.clean)) == ["ABD", "ACD"]
    check = get_task("star-path").check
    assert [path for path in ("A B D", "A C D", "A B C D", "A D") if check(two, path)] == ["A B D", "A C D"]


def test_an_edge_leads_to_the_node_that_is_written_first() -> None:
    there = example_of("From A to C. Edges: B A, C B. Path:", " A B C")
    back = example_of("From A to C. Edges: A B, B C. Path:", " A B C")
    assert (paths(there.clean), paths(back.clean)) == (["ABC"], [])
    check = get_task("star-path").check
    assert check(there, "A B C")
    assert not check(back, "A B C")


def test_clean_asks_for_the_answer_and_corrupted_for_the_foil(held_out: Draw) -> None:
    for example in held_out("star-path"):
        assert [" " + " ".join(path) for path in paths(example.clean)] == [example.answer]
        assert [" " + " ".join(path) for path in paths(example.corrupted)] == [example.foil]


def test_only_the_goal_differs(held_out: Draw) -> None:
    for example in held_out("star-path"):
        changed = [(a, b) for a, b in zip(example.clean, example.corrupted, strict=True) if a != b]
        assert changed == [(example.answer[-1], example.foil[-1])]
        assert written(example.clean) == written(example.corrupted)


def test_answer_and_foil_share_the_start_alone(held_out: Draw) -> None:
    for example in held_out("star-path"):
        answer, foil = example.answer.split(), example.foil.split()
        assert answer[0] == foil[0]
        assert set(answer[1:]) & set(foil[1:]) == set()


@pytest.mark.parametrize("level", SIZES)
def test_a_graph_is_a_star_of_the_levels_size(level: str, held_out: Draw) -> None:
    arms, steps = SIZES[level]
    for example in held_out("star-path", level, 1000):
        edges, (start, goal) = edges_of(example.clean), ends_of(example.clean)
        out, into = (Counter(edge[end] for edge in edges) for end in (0, 1))
        assert out.pop(start) == arms
        assert len(edges) == arms * steps
        assert set(out.values()) | set(into.values()) == {1}
        assert start not in into
        assert goal not in out
        assert [len(path) for path in paths(example.clean)] == [steps + 1]
        assert [len(path) for path in paths(example.corrupted)] == [steps + 1]


def test_the_levels_are_these() -> None:
    levels = get_task("star-path").card.levels
    assert {name: (level["arms"], level["steps"]) for name, level in levels.items()} == SIZES


@pytest.mark.parametrize(("level", "number"), [("small", 1), ("medium", 2), ("large", 4)])
def test_the_first_step_is_so_many_look_ups_from_the_goal(level: str, number: int, held_out: Draw) -> None:
    """A look-up goes from the letter written first in an edge to the one after it."""
    for example in held_out("star-path", level, 1000):
        node = ends_of(example.clean)[1]
        for _ in range(number):
            ((_, node),) = (edge.split() for edge in written(example.clean) if edge[0] == node)
        assert node == example.answer.split()[1]


def test_the_place_of_the_edges_does_not_tell_the_answer(held_out: Draw) -> None:
    """Of six edges, each is as often the first step's as any other, within six standard errors."""
    places = Counter(edges_of(e.clean).index((e.answer[1], e.answer[3])) for e in held_out("star-path"))
    assert sorted(places) == list(range(6))
    assert all(abs(count - 10_000 / 6) < 224 for count in places.values())


def test_start_and_goal_stand_in_the_variants_order_before_the_edges(held_out: Draw) -> None:
    forms = {"start-first": START_FIRST, "goal-first": GOAL_FIRST}
    for example in held_out("star-path", number=2000):
        ends, edges = forms[example.variant].search(example.clean), LIST.search(example.clean)
        assert ends is not None
        assert edges is not None
        assert ends.end() < edges.start()


def test_contents_are_the_graph(held_out: Draw) -> None:
    for example in held_out("star-path", number=2000):
        assert example.contents == (", ".join(sorted(written(example.clean))),)


def nasty(example: Example, rng: random.Random) -> str:
    """Walks that are not quite the right one, the edges themselves, and the right path written otherwise."""
    nodes, others, edges = example.answer.split(), example.foil.split(), written(example.clean)
    known = sorted({node for edge in edges for node in edge.split()})
    arm = [edge for edge in edges if set(edge.split()) <= set(nodes)]
    at, extra = rng.randrange(len(nodes)), rng.choice(known)
    walk = rng.choice(
        [
            *[nodes] * 4,
            others,
            nodes[::-1],
            others[::-1],
            nodes[:at] + nodes[at + 1 :],
            [*nodes[:at], extra, *nodes[at:]],
            [*nodes[:at], extra, *nodes[at + 1 :]],
            nodes[:at] + nodes[at:][:1] * 2 + nodes[at + 1 :],
            nodes[:at] + others[at:],
            nodes[1:],
            [*nodes, extra],
            [*nodes, *others],
            [*others, *nodes],
            rng.sample(nodes, len(nodes)),
            " ".join(rng.choice((edges, arm, arm[::-1]))).split(),
        ]
    )
    text = rng.choice([" "] * 16 + ["", "  ", "\t", "\n", " > ", ">", " -> ", " → ", ", ", "-"]).join(walk)
    foreign = rng.choice(("and so on", example.foil.strip(), extra, "> " + extra, "."))
    return rng.choice(
        [
            *[f" {text}"] * 6,
            text,
            text.lower(),
            text.replace(nodes[at], nodes[at].lower()),
            f"{text} {foreign}",
            f"{text}\n{foreign}",
            f"{foreign}\n{text}",
            f"{text}.",
            f"({text})",
            ", ".join(rng.choice((edges, arm, arm[::-1]))),
        ]
    )


@pytest.mark.parametrize("level", ["small", "few-shot"])
def test_mutated_answers(level: str, mutants: Mutants) -> None:
    check, verdicts = get_task("star-path").check, Counter[bool]()
    for example, text in mutants("star-path", nasty, level):
        expected = is_right(example.clean, text)
        assert check(example, text) == expected, (example.clean, text)
        verdicts[expected] += 1
    assert verdicts[True] > 1000
    assert verdicts[False] > 5000


def test_of_all_walks_over_the_nodes_the_path_alone_is_right(held_out: Draw) -> None:
    check = get_task("star-path").check
    for example in held_out("star-path", number=10):
        known = sorted({node for edge in edges_of(example.clean) for node in edge})
        walks = [" ".join(walk) for length in range(5) for walk in product(known, repeat=length)]
        assert [walk for walk in walks if check(example, walk)] == [example.answer.strip()]


def test_an_edge_of_a_shot_is_none_of_the_graph() -> None:
    """The shot's graph has another way from A to E."""
    shot = "From A to E. Edges: B A, E B. Path: A B E"
    example = example_of(f"{shot}\n\n{KNOWN.clean}", KNOWN.answer)
    check = get_task("star-path").check
    assert check(example, "A D E")
    assert not check(example, "A B E")


def test_shots_are_solved(held_out: Draw) -> None:
    for example in held_out("star-path", "few-shot", 500):
        for shot in example.clean.split("\n\n")[1:-1]:
            question, _, answer = shot.rpartition(":")
            assert [" " + " ".join(path) for path in paths(question)] == [answer]


def test_shots_are_of_the_training_split_and_ten_headers_have_them(drawn: Draw) -> None:
    examples = drawn("star-path", 400, level="few-shot")
    shots = {shot for example in examples for shot in example.clean.split("\n\n")[1:-1]}
    assert {split_of(", ".join(sorted(written(shot.rpartition(":")[0])))) for shot in shots} == {"training"}
    assert len({example.clean.rpartition("\n\n")[0] for example in examples}) == 10
