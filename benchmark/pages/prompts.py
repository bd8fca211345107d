"""Examples of a task as the members read them, token by token, with what the corrupted prompt changes."""

from collections.abc import Sequence

from ..record.task_record import Prompt, TaskRecord
from .markup import Html, tag

_SEEN = {" ": "␣", "\n": "⏎", "\t": "⇥"}


def prompts_figure(task: TaskRecord) -> Html:
    """The examples of a task that its record holds."""
    prompts = task.prompts
    heading = tag("h3", "Prompts")
    if not prompts:
        return tag(
            "div",
            heading,
            tag("p", "The record holds no prompts of this task.", class_="note"),
            class_="figure wide",
        )
    note = "Every box is a token. Those that differ between the clean and the corrupted prompt are marked."
    shown = [_prompt(prompt, index == 0) for index, prompt in enumerate(prompts)]
    return tag("div", heading, tag("p", note, class_="note"), shown, class_="figure wide")


def _prompt(prompt: Prompt, unfolded: bool) -> Html:
    differs = [one != other for one, other in zip(prompt.clean, prompt.corrupted, strict=True)]
    lines = (
        ("clean", prompt.clean, differs),
        ("corrupted", prompt.corrupted, differs),
        ("answer", prompt.answer, ()),
        ("foil", prompt.foil, ()),
    )
    body = [(tag("dt", name), tag("dd", _tokens(tokens, marked))) for name, tokens, marked in lines]
    summary = tag("summary", f"Example {prompt.index}, template {prompt.template}")
    return tag("details", summary, tag("dl", body, class_="prompt"), class_="numbers", open=unfolded)


def _tokens(tokens: Sequence[str], differs: Sequence[bool]) -> Html:
    boxes = []
    for index, token in enumerate(tokens):
        marked = index < len(differs) and differs[index]
        boxes.append(tag("mark" if marked else "span", _seen(token), class_="token"))
    return tag("span", boxes, class_="tokens")


def _seen(token: str) -> str:
    """The token with its white space made visible: where a word begins matters to a model."""
    return "".join(_SEEN.get(character, character) for character in token) or "∅"
