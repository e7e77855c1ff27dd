"""What an assay would call."""

import json

import numpy as np
import pytest

from resistpanel.call import planning
from resistpanel.call.planning import Limits, Planned, limits_of, molecules_for
from resistpanel.cli import main


def test_tiers_of_poisson_families():
    rng = np.random.default_rng(2)
    strands = rng.poisson(1.2, (200_000, 2))
    strands = strands[strands.sum(1) > 0]
    duplex, simplex, single = Planned(strands.sum(1).mean(), "duplex").tiers()
    assert duplex == pytest.approx((strands > 0).all(1).mean(), abs=0.005)
    assert single == pytest.approx((strands.sum(1) == 1).mean(), abs=0.005)
    assert duplex + simplex + single == pytest.approx(1)
    assert Planned(3.0, "single").tiers()[0] == 0
    assert Planned(1.0, "duplex").tiers() == (0, 0, 1)


def test_more_molecules_larger_families_and_a_deeper_normal_lower_the_limits():
    few, many = (limits_of(n, Planned()) for n in (2000, 12_000))
    assert few.called > few.known > few.excluded > many.excluded
    assert many.known < few.known
    # Rule of three, without and with overdispersion.
    assert 3 / 2000 < few.excluded < 2 * 3 / 2000
    assert limits_of(2000, Planned(10.0)).known < few.known < limits_of(2000, Planned(1.2)).known
    assert limits_of(2000, Planned(normal=20_000)).called < few.called
    assert limits_of(2000, Planned(umi="none")).called > few.called


def test_overdispersion_that_samples_have_shown_replaces_the_prior():
    usual, none, more = (limits_of(10_000, Planned(rho=rho)) for rho in (None, 0.0, 2e-3))
    for name in ("called", "known", "excluded"):
        assert getattr(none, name) < 0.8 * getattr(usual, name)
        assert getattr(usual, name) < 0.8 * getattr(more, name)
    # Rule of three where counts are binomial.
    assert none.excluded == pytest.approx(3 / 10_000, rel=0.01)


def test_the_reverse(monkeypatch):
    monkeypatch.setattr(planning, "limits_of", lambda n, assay: Limits(30 / n, 10 / n, 3 / n))
    found = molecules_for(0.001, Planned())
    assert found["called"] == pytest.approx(30_000, rel=0.09)
    assert found["called"] >= 30_000
    assert found["excluded"] == pytest.approx(3000, rel=0.09)
    assert molecules_for(1e-5, Planned()) == {"called": None, "known": None, "excluded": None}


def test_the_command(tmp_path, capsys):
    (tmp_path / "p.bed").write_text("chr1\t100\t267\tA|T|exon1\t.\t+\n")
    options = ["--ng", "10", "--conversion", "0.5", "--targets", str(tmp_path / "p.bed")]
    assert main(["plan", *options, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["molecules"] == 1650
    # A target as long as a fragment: two fragments per molecule of depth.
    assert found["read_pairs"] == pytest.approx(2 * 1650 * 3 / 0.6)
    assert main(["plan", *options, "--overdispersion", "0", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["limits"]["called"] < found["limits"]["called"]
    assert main(["plan", "--ng", "5", "--overdispersion", "1"]) == 2
    assert "--overdispersion: 1 is not from 0 to 0.2" in capsys.readouterr().err.replace("'", "")
    assert main(["plan", "--ng", "-1"]) == 2
    assert "--ng: -1 is not from 0.001" in capsys.readouterr().err.replace("'", "")
