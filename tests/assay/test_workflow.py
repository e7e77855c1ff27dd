"""A run with an assay: results name it; another version is refused, or the calls are redone."""

import gzip
import json
import shutil

import msgspec
import pytest
import yaml

from resistpanel.qc.assay_folder import read_assay, write_assay

pytestmark = [pytest.mark.workflow, pytest.mark.slow]


def test_results_name_the_assay_and_another_version_makes_them_anew(
    laboratory, assay, tmp_path, snakemake
):
    somatic = [
        {"chrom": "chr15", "pos": 66729154, "ref": "G", "alt": "C", "af": {"tumor": 0.3}},
        {"chrom": "chr7", "pos": 140453136, "ref": "A", "alt": "T", "af": {"tumor": 0.3}},
    ]
    samples = [
        {"sample": "normal", "role": "normal"},
        {"sample": "tumor", "role": "tumor", "timepoint": "post", "day": 9, "drugs": ["PLX4032"]},
    ]
    laboratory.simulate("p1", 99, samples=samples, somatic=somatic)
    folder = shutil.copytree(assay, tmp_path / "assay")
    config = {
        "samples": str(laboratory.folder / "p1/samples.tsv"),
        "reference": str(laboratory.reference),
        "genes": str(laboratory.folder / "panel/hg19.gff3"),
        "outdir": "results",
        "assay": {"folder": "assay", "version": "1.0"},
    }

    def run(*words):
        (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
        return snakemake(tmp_path, "--cores", "2", *words)

    done = run()
    assert done.returncode == 0, done.stderr
    report = tmp_path / "results/report"

    def named():
        """Return how VCF, JSON, MAF and page name the assay."""
        with gzip.open(report / "p1.vcf.gz", "rt") as vcf:
            header = next(line for line in vcf if line.startswith("##resistpanel_built_assay"))
        value = json.loads((report / "p1.json").read_text())
        rows = [line.split("\t") for line in (report / "p1.maf").read_text().splitlines()[1:]]
        at = rows[0].index("RESISTPANEL.ASSAY")
        return header.strip(), value["provenance"]["assay"], {r[at] for r in rows[1:]}, value

    made = read_assay(folder)
    header, used, rows, value = named()
    assert header.endswith(f"=name:lung,version:1.0,sha256:{made.digest}")
    assert used == {"name": "lung", "version": "1.0", "sha256": made.digest}
    assert rows == {"lung 1.0"} and "Assay lung, version 1.0." in (report / "p1.html").read_text()
    assert "C121S" in value["resist"]["verdict"]["sentence"]
    assert "pool of 3 normals" in json.dumps(value["copynumber"])
    # Nothing is due.
    assert "Nothing to be done" in run("--dry-run").stderr + run("--dry-run").stdout

    # A file of the folder is exchanged.
    with (folder / "normals.vcf.gz").open("ab") as handle:
        handle.write(b"x")
    done = run()
    assert done.returncode != 0 and "Traceback" not in done.stderr
    assert "normals.vcf.gz: is not the file of assay lung 1.0" in done.stderr

    # Another version: refused where the run names the one it wants, ...
    shutil.rmtree(folder)
    shutil.copytree(assay, folder)
    write_assay(folder, msgspec.structs.replace(made, version="1.1"))
    done = run()
    assert done.returncode != 0
    assert "assay lung in assay has version 1.1, not 1.0" in done.stderr
    assert named()[1]["version"] == "1.0"
    # ... else the calls and what follows are done again.
    del config["assay"]["version"]
    done = run("--dry-run")
    assert "call" in done.stdout + done.stderr and done.returncode == 0
    assert run().returncode == 0
    header, used, rows, _ = named()
    assert "version:1.1" in header and used["version"] == "1.1" and rows == {"lung 1.1"}
