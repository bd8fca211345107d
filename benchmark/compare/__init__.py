"""From the evidence on both members to the numbers of a task."""
