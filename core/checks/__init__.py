"""Gradients checked by methods that know no chain rule."""
