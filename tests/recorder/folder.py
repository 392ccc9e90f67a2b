"""Where the recorders lie: they are no package of the dashboard, but files that people copy."""

from pathlib import Path

FOLDER = Path(__file__).parents[2] / "recorder"
FILES = sorted(FOLDER.glob("*.py"))
