"""BAMs from, and reports to, object storage: a local S3 server."""

import csv

import pytest

from .conftest import snakemake, write_study

pytestmark = [pytest.mark.workflow, pytest.mark.slow]
pytest.importorskip("snakemake_storage_plugin_s3", reason="Snakemake's S3 plugin is not installed")
boto3 = pytest.importorskip("boto3")
server = pytest.importorskip("moto.server", reason="moto is not installed")


@pytest.fixture
def s3(monkeypatch):
    """A client of a server of its own; Snakemake is told where it is."""
    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    for name, value in {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "SNAKEMAKE_STORAGE_S3_ENDPOINT_URL": f"http://{host}:{port}",
    }.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3", endpoint_url=f"http://{host}:{port}")
    for bucket in ("reads", "results"):
        client.create_bucket(Bucket=bucket)
    yield client
    running.stop()


def test_bams_are_fetched_and_reports_published(tmp_path, small_patient, write_panel, s3):
    write_panel(tmp_path / "panel", ["BRAF", "MAP2K1", "NRAS"])
    patient = small_patient(genome={"exons_per_gene": 3})
    write_study(tmp_path, patient, publish="s3://results/study/")
    sheet = tmp_path / "in/samples.tsv"
    rows = list(csv.DictReader(sheet.read_text().splitlines(), delimiter="\t"))
    for row in rows:
        s3.upload_file(str(tmp_path / "in" / row["bam"]), "reads", row["bam"])
        (tmp_path / "in" / row["bam"]).unlink()
        row["bam"] = f"s3://reads/{row['bam']}"
    with sheet.open("w", newline="") as handle:
        writer = csv.DictWriter(handle, list(rows[0]), delimiter="\t")
        writer.writeheader()
        writer.writerows(rows)
    done = snakemake(tmp_path, "--cores", "2", "--configfile", "config.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not (tmp_path / ".snakemake/storage/s3/reads").exists() or not list(
        (tmp_path / ".snakemake/storage/s3/reads").glob("*.bam")
    )
    found = {entry["Key"] for entry in s3.list_objects_v2(Bucket="results")["Contents"]}
    wanted = {f"study/report/p1.{end}" for end in ("html", "json", "tsv", "maf", "vcf.gz")}
    assert wanted | {"study/report/cohort.html"} <= found
    stored = s3.get_object(Bucket="results", Key="study/report/p1.json")["Body"].read()
    assert stored == (tmp_path / "results/report/p1.json").read_bytes()
    assert b"C121S" in stored
    # Nothing is to be done again, until a BAM is exchanged.
    again = snakemake(tmp_path, "-n", "--configfile", "config.yaml")
    assert "Nothing to be done" in again.stdout + again.stderr
    first = tmp_path / "results/align" / f"{rows[0]['sample']}.bam"
    s3.upload_file(str(first), "reads", rows[0]["bam"].rpartition("/")[2])
    again = snakemake(tmp_path, "-n", "--configfile", "config.yaml")
    assert again.returncode == 0 and "rule fetch:" in again.stdout + again.stderr
