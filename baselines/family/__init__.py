"""The project's own board: submissions of the reference pairs, and its page, built by one command."""
