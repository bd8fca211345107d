"""From a task's text to what a member is asked: tokens, the pool that both members solve, states, batches."""
