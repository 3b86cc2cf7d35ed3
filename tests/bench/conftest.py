"""Makes `bench` importable: it is never installed, and a path to it would lead to a source tree."""

import importlib.util
import sys

from support.sources import ROOT

SPEC = importlib.util.spec_from_file_location("bench", ROOT / "bench" / "__init__.py")
sys.modules["bench"] = importlib.util.module_from_spec(SPEC)
