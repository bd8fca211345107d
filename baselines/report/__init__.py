"""What the records of the reference pairs say about the paper's claims, written by one command."""
