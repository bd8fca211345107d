"""What to compare with: reference pairs, published pairs, and the recipe that trained the former."""
