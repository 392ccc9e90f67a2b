"""The story: cover, scenes and the frame around them."""
