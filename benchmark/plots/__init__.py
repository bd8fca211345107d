"""Figures of a record by matplotlib, and what they and pages draw alike."""
