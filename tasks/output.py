"""What checkers read in a model's output."""


def first_word(output: str) -> str:
    """The first word without the punctuation and quotes around it, empty where there is none."""
    words = output.split()
    return words[0].strip(".,;:!?\"'") if words else ""
