"""A pair with its controls and lines: measured one after the other under one protocol, and judged."""
