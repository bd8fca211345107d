"""ρ between all members of the family and between all tasks, and what seeds of a training have in common."""
