"""Data to learn from: made by a formula, shipped, or a visitor's own table."""
