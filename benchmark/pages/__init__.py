"""Self-contained HTML pages of records, boards and comparisons."""
