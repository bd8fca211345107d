"""From the numbers of a record to statements, by rules that are written down."""
