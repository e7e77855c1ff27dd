"""Translation in blocks that are kept."""

import random

import pytest

from resistpanel.core.sequence import CODES, MITOCHONDRIAL, STANDARD, translate


@pytest.mark.parametrize("code", [STANDARD, MITOCHONDRIAL])
@pytest.mark.parametrize("length", [0, 1, 2, 3, 299, 300, 301, 302, 900, 1000])
def test_blocks_give_what_single_codons_give(code, length):
    rng = random.Random(length)
    bases = "".join(rng.choices("ACGTN", (10, 10, 10, 10, 1), k=length))
    expected = "".join(CODES[code].get(bases[i : i + 3], "X") for i in range(0, len(bases) - 2, 3))
    assert translate(bases, code) == expected
    # Again, from what was kept.
    assert translate(bases, code) == expected
