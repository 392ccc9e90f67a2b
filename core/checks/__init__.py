"""Gradients checked by methods that do not use the chain rule."""
