"""Swaps between patients: found and named, and nothing else."""

import numpy as np
import pytest

from resistpanel.cli import main
from resistpanel.core.errors import InputError
from resistpanel.core.files import read_json
from resistpanel.core.schemas import write_record
from resistpanel.qc.cohort import find, gather
from resistpanel.records.copynumber import (
    CopyNumber,
    Genotypes,
    PatientIdentity,
    SamplesGate,
    SexCheck,
)

SITES = 120
TUMOURS = ("before", "after")


class People:
    """Persons with genotypes (0, 1, 2 copies) at common sites."""

    def __init__(self, seed=1, number=4):
        rng = np.random.default_rng(seed)
        common = rng.uniform(0.1, 0.7, SITES)
        self.genotypes = rng.binomial(2, common, (number, SITES))

    def file(self, patient, owners, lost=0.0):
        """Return a patient's JSON; `owners` says whose DNA the normal and each tumour hold."""
        rng = np.random.default_rng(patient)
        names = ("blood", *TUMOURS)
        calls = np.stack([self.genotypes[owner] for owner in owners])
        # Loss of heterozygosity in the tumours, of the same haplotypes.
        drop = (calls == 1) & (rng.random(SITES) < lost)
        drop[0] = False
        calls = np.where(drop, rng.choice([0, 2], SITES), calls)
        shown = np.flatnonzero((calls > 0).any(axis=0))
        genotypes = Genotypes(
            sites=tuple(f"chr1:{i}:A:G" for i in shown),
            samples={
                name: "".join(map(str, row[shown])) for name, row in zip(names, calls, strict=True)
            },
        )
        return CopyNumber(
            schema="resistpanel/copynumber/1",
            patient=f"P{patient}",
            reference=None,
            samples={},
            pairs=(),
            contamination={},
            tumor_in_normal={},
            identity=PatientIdentity(
                agreement=(), mismatched=(), sex=SexCheck(sheet=None, samples={}),
                genotypes=genotypes,
            ),
            gate=SamplesGate(passed=True, failures=()),
        )  # fmt: skip


def kinds(files):
    return {
        (finding.kind, finding.samples)
        for finding in find(gather([(value, value.patient) for value in files]))
    }


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("lost", [0.0, 0.3])
def test_a_clean_cohort_has_no_finding(seed, lost):
    people = People(seed)
    assert kinds([people.file(i, (i, i, i), lost) for i in range(4)]) == set()


@pytest.mark.parametrize("seed", range(10))
def test_two_tumours_that_changed_places_are_named(seed):
    people = People(seed)
    files = [people.file(0, (0, 0, 1)), people.file(1, (1, 1, 0)), people.file(2, (2, 2, 2))]
    assert kinds(files) == {("swap", (("P0", "after"), ("P1", "after")))}


def test_two_normals_that_changed_places_are_named():
    people = People(3)
    files = [people.file(0, (1, 0, 0)), people.file(1, (0, 1, 1))]
    assert kinds(files) == {("swap", (("P0", "blood"), ("P1", "blood")))}


def test_a_sample_of_another_patient_is_named_with_that_patient():
    people = People(4)
    files = [people.file(0, (0, 0, 1)), people.file(1, (1, 1, 1))]
    assert kinds(files) == {("other_patient", (("P0", "after"),))}


def test_a_sample_of_nobody_in_the_cohort():
    people = People(5)
    files = [people.file(0, (0, 0, 3)), people.file(1, (1, 1, 1))]
    assert kinds(files) == {("unknown_person", (("P0", "after"),))}


def test_one_person_under_two_names():
    people = People(6)
    files = [people.file(0, (0, 0, 0)), people.file(1, (0, 0, 0)), people.file(2, (2, 2, 2))]
    assert kinds(files) == {("same_person", (("P0", "blood"), ("P1", "blood")))}


def test_a_patient_given_twice_is_refused():
    value = People().file(0, (0, 0, 0))
    with pytest.raises(InputError, match=r"also in a\.json"):
        gather([(value, "a.json"), (value, "b.json")])


def test_the_command_writes_what_it_found(tmp_path, capsys):
    people = People(7)
    paths = []
    for i, owners in enumerate([(0, 0, 1), (1, 1, 0)]):
        paths.append(tmp_path / f"P{i}.json")
        write_record(paths[-1], people.file(i, owners))
    output = tmp_path / "cohort.json"
    assert main(["identity", *map(str, paths), "--output", str(output)]) == 0
    value = read_json(output)
    assert not value["passed"]
    assert [finding["kind"] for finding in value["findings"]] == ["swap"]
    assert "are exchanged" in capsys.readouterr().err


def test_what_could_not_be_compared_did_not_pass(tmp_path):
    """A patient alone without sites, and one whose samples share too few of them."""
    people = People(8)
    value, output = people.file(0, (0, 0, 0)), tmp_path / "o.json"
    write_record(tmp_path / "P0.json", value)
    assert main(["identity", str(tmp_path / "P0.json"), "--output", str(output)]) == 0
    found = read_json(output)
    assert (found["passed"], found["untested"]) == (True, [])
    assert found["within"] == {"judged": 3, "pairs": 3}
    assert found["between"] == {"judged": 0, "pairs": 0}
    samples = value.identity.genotypes.samples
    samples["after"] = "." * len(samples["after"])
    write_record(tmp_path / "P0.json", value)
    assert main(["identity", str(tmp_path / "P0.json"), "--output", str(output)]) == 0
    found = read_json(output)
    assert (found["passed"], found["untested"]) == (True, [["P0", "after"]])
    assert found["within"] == {"judged": 1, "pairs": 3}
    for name in samples:
        samples[name] = "." * len(samples[name])
    write_record(tmp_path / "P0.json", value)
    assert main(["identity", str(tmp_path / "P0.json"), "--output", str(output)]) == 0
    assert read_json(output)["passed"] is None


def test_limits_are_options(tmp_path):
    """Two files of one person, of which one in five sites was misread."""
    people = People(6, 2)
    first, second = people.file(0, (0, 0, 0)), people.file(1, (0, 0, 0))
    sites = second.identity.genotypes.samples
    for name, text in sites.items():
        sites[name] = "".join("0" if i % 5 == 0 else call for i, call in enumerate(text))
    for value in (first, second):
        write_record(tmp_path / f"{value.patient}.json", value)
    files = [str(tmp_path / f"P{i}.json") for i in range(2)]

    def findings(*options):
        assert main(["identity", *files, "--output", str(tmp_path / "o.json"), *options]) == 0
        return [finding["kind"] for finding in read_json(tmp_path / "o.json")["findings"]]

    assert findings() == []
    assert findings("--same", "0.2", "--different", "0.4") == ["same_person"]
    assert findings("--same", "0.2", "--different", "0.4", "--least-sites", "500") == []
    status = main(["identity", *files, "--output", str(tmp_path / "o.json"), "--same", "0.2"])
    assert status == 2
