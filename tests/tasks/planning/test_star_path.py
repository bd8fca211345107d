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

SIZES = {
    "numbers": (3, 2),
    "names": (3, 2),
    "small": (3, 2),
    "medium": (3, 3),
    "large": (5, 5),
    "few-shot": (3, 2),
    "few-shot-names": (3, 2),
}
NODE = r"(?:[A-Z][a-z]*|[0-9])"
START_FIRST = re.compile(rf"^(?:.*[Ff]rom ({NODE}) to|Start ({NODE}), goal) ({NODE})(?=[.,])")
GOAL_FIRST = re.compile(rf"^(?:(?:.*[Tt]o|Reach) ({NODE}) from|Goal ({NODE}), start) ({NODE})(?=[.,])")
LIST = re.compile(rf"\b{NODE} {NODE}\b(?:, {NODE} {NODE}\b)+")
LAST = re.compile(rf": ({NODE})\Z")
LINE_ENDS = r"\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
SPACE = rf"[^\S{LINE_ENDS}]"

Walk = tuple[str, ...]


def written(prompt: str) -> list[str]:
    """The edges as a prompt lists them, once and together, behind a header where it has one."""
    (found,) = LIST.findall(prompt.rpartition("\n\n")[2])
    listed: str = found
    return listed.split(", ")


def edges_of(prompt: str) -> list[tuple[str, str]]:
    """Where each edge leads from and to: the node that is written second comes first on a path."""
    pairs = [edge.split() for edge in written(prompt)]
    return [(before, after) for after, before in pairs]


def ends_of(prompt: str) -> tuple[str, str]:
    """Start and goal, which a prompt states once, in either order."""
    question = prompt.rpartition("\n\n")[2]
    ((form, found),) = [(form, m) for form in (START_FIRST, GOAL_FIRST) if (m := form.search(question))]
    first, second = filter(None, found.groups())
    return (first, second) if form is START_FIRST else (second, first)


def walks(edges: list[tuple[str, str]], start: str, goal: str) -> list[Walk]:
    """All simple paths from the start to the goal along the edges, without the start, by search."""

    def extended(path: Walk) -> Iterator[Walk]:
        if path[-1] == goal:
            yield path[1:]
        for before, after in edges:
            if before == path[-1] and after not in path:
                yield from extended((*path, after))

    return list(extended((start,)))


def paths(prompt: str) -> list[Walk]:
    return walks(edges_of(prompt), *ends_of(prompt))


def is_right(prompt: str, output: str) -> bool:
    """Whether the first line that is not empty is a path, its nodes with spaces between and around them."""
    return any(
        re.match(rf"\s*{f'{SPACE}+'.join(path)}{SPACE}*([{LINE_ENDS}]|\Z)", output) for path in paths(prompt)
    )


def example_of(clean: str, answer: str) -> Example:
    content = ", ".join(sorted(written(clean)))
    return Example(clean, "", answer, "", "start-first", "start-first-0", (content,))


KNOWN = example_of("From A to E. Edges: C B, D A, E D, B A. Path: A", " D E")


def test_a_known_instance() -> None:
    assert paths(KNOWN.clean) == [("D", "E")]
    assert get_task("star-path").check(KNOWN, KNOWN.answer)


@pytest.mark.parametrize(
    "output",
    ["D E", "  D   E  ", "D\tE", "D\xa0E", "\n\nD E", "D E\nB C", "D E\nand more", "D E\r\n"],
)
def test_spaces_and_later_lines_do_not_count(output: str) -> None:
    assert is_right(KNOWN.clean, output)
    assert get_task("star-path").check(KNOWN, output)


WRONG = {
    "nothing": ("", "\n"),
    "lower case": ("d e", "d E", "D e"),
    "joined": ("DE", "ADE"),
    "arrows": ("D > E", "D>E", "D -> E", "D → E"),
    "other signs": ("D, E", "D-E", "D; E", "(D E)", '"D E"', "D E.", ": D E"),
    "other letters": ("Ｄ Ｅ", "D Е", "D É", "D E\u0301", "D \u200bE", "4 E"),
    "reversed": ("E D", "C B", "E D A"),
    "with the start, which the prompt has": ("A D E", "A"),
    "edges as they are written": ("E D", "D A E D", "E D D A", "C B, D A, E D, B A", "D A"),
    "edges turned round": ("A D, D E", "D D E"),
    "wrong arm": ("B C", "B E", "B C\nD E"),
    "a node too many": ("B D E", "D B E", "D E C", "B A D E", "Z D E", "D E A"),
    "a node twice": ("D D E", "D E E", "D E D E"),
    "a node too few": ("E", "D", "  E"),
    "one node to a line": ("D\nE", "D\vE", "D\u2028E"),
    "text on the line": ("D E and more", "D E B C", "D E > B", "Path: D E", "the D E", "D E x"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_anything_else_is_wrong(kind: str) -> None:
    check = get_task("star-path").check
    assert [text for text in WRONG[kind] if is_right(KNOWN.clean, text) or check(KNOWN, text)] == []


def test_any_path_to_the_goal_is_right() -> None:
    """A graph with two ways to the goal, which no star has."""
    two = example_of("From A to D. Edges: B A, D B, C A, D C. Path: A", " B D")
    assert sorted(paths(two.clean)) == [("B", "D"), ("C", "D")]
    check = get_task("star-path").check
    assert [path for path in ("B D", "C D", "B C D", "D", "A B D") if check(two, path)] == ["B D", "C D"]


def test_an_edge_leads_to_the_node_that_is_written_first() -> None:
    there = example_of("From A to C. Edges: B A, C B. Path: A", " B C")
    back = example_of("From C to A. Edges: A B, B C. Path: C", " B A")
    check = get_task("star-path").check
    assert (paths(there.clean), paths(back.clean)) == ([("B", "C")], [("B", "A")])
    assert [path for path in ("B C", "B A", "A B") if check(there, path)] == ["B C"]
    assert [path for path in ("B C", "B A", "A B") if check(back, path)] == ["B A"]


@pytest.mark.parametrize("level", ["numbers", "names"])
def test_clean_asks_for_the_answer_and_corrupted_for_the_foil(level: str, held_out: Draw) -> None:
    for example in held_out("star-path", level, 10_000 if level == "numbers" else 2000):
        assert [" " + " ".join(path) for path in paths(example.clean)] == [example.answer]
        assert [" " + " ".join(path) for path in paths(example.corrupted)] == [example.foil]


@pytest.mark.parametrize("level", SIZES)
def test_a_prompt_ends_with_the_start(level: str, held_out: Draw) -> None:
    for example in held_out("star-path", level, 1000):
        for prompt in (example.clean, example.corrupted):
            last = LAST.search(prompt)
            assert last is not None
            assert last[1] == ends_of(prompt)[0]


def test_only_the_goal_differs(held_out: Draw) -> None:
    for example in held_out("star-path"):
        clean, corrupted = example.clean.split(" "), example.corrupted.split(" ")
        changed = [(a.strip(".,"), b.strip(".,")) for a, b in zip(clean, corrupted, strict=True) if a != b]
        assert changed == [(example.answer.split()[-1], example.foil.split()[-1])]
        assert written(example.clean) == written(example.corrupted)


def test_answer_and_foil_share_no_node(held_out: Draw) -> None:
    for example in held_out("star-path"):
        assert set(example.answer.split()) & set(example.foil.split()) == set()


@pytest.mark.parametrize("level", SIZES)
def test_the_nodes_behind_the_first_step_are_copied(level: str, held_out: Draw) -> None:
    for example in held_out("star-path", level, 1000):
        copied = "".join(example.answer[place] for place in example.copied)
        assert copied == "".join(example.answer.split()[1:])


@pytest.mark.parametrize("level", SIZES)
def test_roles_are_what_nodes_are_on_the_way(level: str, held_out: Draw) -> None:
    for example in held_out("star-path", level, 200):
        start, goal = ends_of(example.clean)
        first, *between = example.answer.split()[:-1]
        expected = Counter({("start", start): 2, ("goal", goal): 1})
        for node in [node for edge in edges_of(example.clean) for node in edge]:
            parts = {start: "start in an edge", first: "first step in an edge", goal: "goal in an edge"}
            parts |= dict.fromkeys(between, "node on the way")
            expected[parts.get(node, "node on another arm"), node] += 1
        assert Counter((r.name, example.clean[r.start : r.end]) for r in example.roles) == expected


@pytest.mark.parametrize(
    ("level", "form"),
    [("numbers", "[0-9]"), ("names", "[A-Z][a-z]+"), ("small", "[A-Z]"), ("large", "[A-Z]")],
)
def test_nodes_are_called_what_the_level_says(level: str, form: str, held_out: Draw) -> None:
    for example in held_out("star-path", level, 500):
        assert all(re.fullmatch(form, node) for edge in edges_of(example.clean) for node in edge)


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
        assert [len(path) for path in paths(example.clean)] == [steps]
        assert [len(path) for path in paths(example.corrupted)] == [steps]


def test_the_levels_are_these() -> None:
    levels = get_task("star-path").card.levels
    assert {name: (level["arms"], level["steps"]) for name, level in levels.items()} == SIZES


@pytest.mark.parametrize(
    ("level", "number"), [("numbers", 1), ("names", 1), ("small", 1), ("medium", 2), ("large", 4)]
)
def test_the_first_step_is_so_many_look_ups_from_the_goal(level: str, number: int, held_out: Draw) -> None:
    """A look-up goes from the node written first in an edge to the one after it."""
    for example in held_out("star-path", level, 1000):
        node = ends_of(example.clean)[1]
        for _ in range(number):
            (node,) = (before for before, after in edges_of(example.clean) if after == node)
        assert node == example.answer.split()[0]


def test_the_place_of_the_edges_does_not_tell_the_answer(held_out: Draw) -> None:
    """Of six edges, each is as often the first step's as any other, within six standard errors."""
    places = Counter(
        edges_of(e.clean).index((ends_of(e.clean)[0], e.answer.split()[0])) for e in held_out("star-path")
    )
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


@pytest.mark.parametrize("level", ["numbers", "names", "few-shot"])
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
        every = [" ".join(walk) for length in range(5) for walk in product(known, repeat=length)]
        assert [walk for walk in every if check(example, walk)] == [example.answer.strip()]


def test_an_edge_of_a_shot_is_none_of_the_graph() -> None:
    """The shot's graph has another way from A to E."""
    shot = "From A to E. Edges: B A, E B. Path: A B E"
    example = example_of(f"{shot}\n\n{KNOWN.clean}", KNOWN.answer)
    check = get_task("star-path").check
    assert check(example, "D E")
    assert not check(example, "B E")


@pytest.mark.parametrize("level", ["few-shot", "few-shot-names"])
def test_shots_are_solved_and_of_the_training_split(level: str, held_out: Draw) -> None:
    shots = {shot for e in held_out("star-path", level, 500) for shot in e.clean.split("\n\n")[1:-1]}
    assert len({e.clean.rpartition("\n\n")[0] for e in held_out("star-path", level, 500)}) == 10
    for shot in shots:
        question, _, path = shot.rpartition(": ")
        start, *answer = path.split()
        assert paths(question) == [tuple(answer)]
        assert ends_of(question)[0] == start
        assert split_of(", ".join(sorted(written(question)))) == "training"
