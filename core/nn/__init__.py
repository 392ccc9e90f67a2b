"""Neural networks: forward and backward pass, and everything they are made of."""
