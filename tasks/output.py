"""What checkers read in a model's output."""


def first_line(output: str) -> str:
    """The first line that is not blank, without its spaces; empty where there is none."""
    return "".join(output.strip().splitlines()[:1]).replace(" ", "")


def first_word(output: str) -> str:
    """The first word without the punctuation and quotes around it, empty where there is none."""
    return "".join(first_words(output, 1))


def first_words(output: str, number: int) -> list[str]:
    """So many words (fewer where there are not so many) without the punctuation and quotes around each."""
    return [word.strip(".,;:!?\"'") for word in output.split()[:number]]
