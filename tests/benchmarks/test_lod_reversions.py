"""Draws of reversions at their stated limit: pools dealt out, fragments dropped, the table."""

import numpy as np
import pandas as pd
import pytest
from benchmarks.lod_reversions import POOL, Reads, deal, fragment_of, table, without
from benchmarks.truth import Somatic
from benchmarks.variants import Variant


def test_a_duplicate_is_of_its_fragment():
    assert fragment_of("0.Av2.17") == "0.Av2.17"
    assert fragment_of("D0.Av2.17.4") == "0.Av2.17"


def test_a_fragment_of_a_pool_is_in_one_draw_and_each_draw_has_its_share():
    pool = {f"0.Av0.{i}": [f"read {i}"] for i in range(20_000)}
    dealt = deal(np.random.default_rng(5), pool, POOL / 10, 5)
    assert [len(of) / 20_000 for of in dealt] == pytest.approx([0.1] * 5, abs=0.01)
    names = [reads[0] for of in dealt for reads in of]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(("af", "draws"), [(POOL / 2.5, 2), (POOL * 1.01, 0)])
def test_a_high_limit_has_fewer_draws_or_none(af, draws):
    assert len(deal(np.random.default_rng(5), {"0.Av0.1": []}, af, 5)) == draws


def test_fragments_over_the_reversion_of_its_haplotype_are_dropped():
    span = {}
    for i in range(400):
        for start in (0, 500):
            span |= {f"0.{h}.{start + i}": (start, start + 100) for h in "AB"}
    base = {name: [name, "its duplicate"] for name in span}
    variant = Somatic(Variant("c", 550, "A", ""), "A", "DEL", 1, (0.0,), "acquired")
    kept = without(np.random.default_rng(5), Reads(None, base, span, []), [(variant, 0.1)])
    left = pd.Series([f[0] for f in kept])
    assert (left.str.startswith("0.B")).sum() == 800
    over = [name for name in left if name.startswith("0.A") and span[name][0] == 500]
    assert len(over) == pytest.approx(320, abs=30)  # AF 0.1 of all is 0.2 of the haplotype
    assert len(left) - 800 - len(over) == 400


@pytest.mark.parametrize(("called", "holds"), [(190, "yes"), (170, "no")])
def test_a_cell_fails_if_its_interval_is_outside(called, holds):
    snv = {"kind": "SNV", "size": 1}
    rows = [
        snv | {"seed": i // 4, "draw": 0, "stated": 0.01, "called": i < called} for i in range(200)
    ]
    rows.append(snv | {"seed": 99})  # without a limit
    (snv, every) = table(pd.DataFrame(rows), "called").to_dict("records")
    assert snv["holds"] == every["holds"] == holds
    assert (snv["draws"], snv["no draw"], every["patients"]) == (200, 1, 50)
