"""Where the recorder lies: it is no package of the dashboard, but a file that people copy."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "recorder"
FILE = FOLDER / "layer_recorder.py"


def loaded():
    """The recorder as a module."""
    specification = spec_from_file_location("layer_recorder", FILE)
    module = module_from_spec(specification)
    sys.modules["layer_recorder"] = module
    specification.loader.exec_module(module)
    return module
