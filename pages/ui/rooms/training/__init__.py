"""The training page: its lanes, the stage, the laboratory under it."""
