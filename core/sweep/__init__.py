"""Many independent runs over a setting, or over a grid of two."""
