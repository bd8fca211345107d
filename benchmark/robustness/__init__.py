"""What a record would say had one thing been done otherwise: varied one at a time, and judged again."""
