"""Widgets and browser components, drawn from a spec or from texts."""
