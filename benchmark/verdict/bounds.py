"""The bounds of all verdicts: chosen before any pair was judged by them, and the same for every pair."""

CARRIES_OVER = 0.8
"""τ* above which a circuit carries over to the other member: it does four fifths of what the own one does."""

FAILS = 0.5
"""τ* below which it does not: what it does is nearer to another task's circuit than to the own one."""

ALIKE = 0.8
"""ρ above which the members' edges are alike; between different tasks of one model it is .3 to .7."""

MARGIN = 0.05
"""A shift smaller than this is none; and a pair may change by so much more than its control and still be said
to change no more, of a small change by half of it."""

LITTLE_RIGHT_CONTEXT = 0.005
"""A right-context share below this is next to nothing: in a causal model it is exactly 0."""
