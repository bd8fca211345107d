"""Is a pair what it is declared to be: structure, and how it fills gaps."""
