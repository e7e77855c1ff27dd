"""The report's patients."""

import importlib.util

from resistpanel.core.files import HOME

_spec = importlib.util.spec_from_file_location("report_conftest", HOME / "tests/report/conftest.py")
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
patients, make, paper, large = _module.patients, _module.make, _module.paper, _module.large
