"""Make the benchmarks importable: they are scripts of the checkout, not part of the package."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
