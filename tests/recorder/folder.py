"""Where the recorder lies: it is no package of the dashboard, but a file that people copy."""

from pathlib import Path

FOLDER = Path(__file__).parents[2] / "recorder"
FILE = FOLDER / "layer_recorder.py"
