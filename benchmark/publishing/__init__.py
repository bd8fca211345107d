"""Results and tasks in the formats in which others publish them: the Hub's files, Every Eval Ever's JSON."""
