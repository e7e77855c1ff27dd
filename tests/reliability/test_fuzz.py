"""A fixed sample of the broken inputs that benchmarks/reliability/fuzz.py tries in full."""

import re
import subprocess
import sys

from resistpanel.core.files import HOME

#: Of about 2,000 cases; a prime, so that no kind of case is left out by its period.
EVERY = 151


def test_broken_input_ends_in_one_line_or_the_same_result(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.reliability.fuzz", "--seed", "1", "--every", str(EVERY),
         "--work", str(tmp_path)],
        cwd=HOME, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    total, refused, accepted, wrong = map(
        int, re.search(r"^\| all \|(.*)\|$", done.stdout, re.M)[1].split("|")
    )
    assert total == refused + accepted >= 12
    assert refused >= 6
    assert accepted >= 1
    assert wrong == 0
