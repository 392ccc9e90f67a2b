"""Stands in for PyTorch where it is not installed: takes anything and does nothing."""

import sys
from unittest.mock import MagicMock

sys.modules[__name__] = MagicMock(__version__="stand-in")
