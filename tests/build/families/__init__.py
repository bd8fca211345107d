"""Small trained pairs of every published family, in the layout in which the family publishes them."""
