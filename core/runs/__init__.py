"""A run as a value, its training, and the machinery that computes runs and shares them."""
