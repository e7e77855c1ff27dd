"""Read the calls of a VCF, and run the callers that are compared."""

import math
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import pysam
import pysam.bcftools

from benchmarks.evaluate import Call, Fetch, tidy
from benchmarks.measure import Usage, run
from benchmarks.variants import Variant
from resistpanel.extras.extras_constants import FREEBAYES as FREEBAYES_FILTER


def normalised(vcf: Path, reference: Path) -> list[pysam.VariantRecord]:
    """Return the records with multi-allelic ones split and indels left-aligned (bcftools norm)."""
    with tempfile.TemporaryDirectory() as scratch:
        out = str(Path(scratch) / "norm.vcf")
        verbosity = pysam.set_verbosity(1)  # freebayes' header is not quite to the letter
        try:
            pysam.bcftools.norm(
                "-f", str(reference), "-m-any", "-Ov", "-o", out, str(vcf), catch_stdout=False
            )
            with pysam.VariantFile(out) as handle:
                return list(handle)
        finally:
            pysam.set_verbosity(verbosity)


def _number(value, index: int = 0) -> float | None:
    if isinstance(value, tuple):
        value = value[index] if index < len(value) else None
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    return float(value)


def resistpanel_calls(vcf: Path, reference: Path, fetch: Fetch) -> list[Call]:
    """Read a VCF of ``resistpanel call``, somatic calls and all other records."""
    calls = []
    for record in normalised(vcf, reference):
        alt = record.alts[0] if record.alts else None
        if alt is None or not set(alt) <= set("ACGTN"):
            continue
        samples = {}
        for name, data in record.samples.items():
            det = data.get("DET")
            det = det[0] if isinstance(det, tuple) else det
            samples[name] = {
                "det": None if det is None else int(det),
                "af": _number(data.get("AF")),
                "af_low": _number(data.get("AFCI"), 0),
                "af_high": _number(data.get("AFCI"), 1),
                "lod": _number(data.get("LOD")),
                "ub": _number(data.get("UB")),
                "alt": _number(data.get("AD"), 1),
                "depth": _number(data.get("DP")),
            }
        filters = list(record.filter.keys())
        note = ";".join(
            f"{key}={record.info[key]}"
            for key in ("MODEL", "SOMATIC_PHRED", "ODDS_GERMLINE", "ODDS_ARTIFACT")
            if key in record.info
        )
        variant = tidy(Variant(record.chrom, record.start, record.ref, alt), fetch)
        calls.append(Call(variant, filters == ["PASS"], ",".join(filters) or ".", samples, note))
    return calls


def freebayes_calls(
    vcf: Path, reference: Path, fetch: Fetch, normal: str, settings: dict | None = None
) -> list[Call]:
    """Read freebayes' joint VCF and put the simple somatic filter on it.

    A tumour has the variant if it shows at least `alt` reads and AF `af`; the variant is somatic
    if a tumour has it, the normal shows less than `normal_share` of the highest tumour AF, QUAL
    is at least `qual` and each strand has `strand` reads.
    """
    settings = {**FREEBAYES_FILTER, **(settings or {})}
    calls = []
    for record in normalised(vcf, reference):
        alt = record.alts[0] if record.alts else None
        if alt is None or not set(alt) <= set("ACGTN"):
            continue
        samples, highest, in_normal = {}, 0.0, 0.0
        for name, data in record.samples.items():
            depth = _number(data.get("DP")) or 0.0
            count = _number(data.get("AO")) or 0.0
            af = count / depth if depth else 0.0
            det = int(count >= settings["alt"] and af >= settings["af"])
            samples[name] = {"det": det, "af": af, "alt": count, "depth": depth}
            if name == normal:
                in_normal = af
            elif det:
                highest = max(highest, af)
        strands = min(_number(record.info.get(key)) or 0 for key in ("SAF", "SAR"))
        passed = (
            highest > 0
            and in_normal < settings["normal_share"] * highest
            and (record.qual or 0) >= settings["qual"]
            and strands >= settings["strand"]
        )
        variant = tidy(Variant(record.chrom, record.start, record.ref, alt), fetch)
        note = f"QUAL={record.qual:.1f};normal AF={in_normal:.4f}"
        calls.append(Call(variant, passed, "PASS" if passed else "filtered", samples, note))
    return calls


def resistpanel_command(
    reference: Path, targets: Path, normal: Path, tumours: list[Path], output: Path, extra=()
) -> list[str]:
    """Return the command line of the caller, in the interpreter's own environment."""
    program = Path(sys.executable).with_name("resistpanel")
    command = [str(program), "call", "--reference", str(reference), "--targets", str(targets)]
    command += ["--normal", str(normal)]
    for tumour in tumours:
        command += ["--tumor", str(tumour)]
    return [*command, *map(str, extra), "--output", str(output)]


def freebayes_command(reference: Path, targets: Path, bams: list[Path], output: Path) -> list[str]:
    """Return the command line of freebayes, all samples jointly, alleles from AF 0.01."""
    command = ["freebayes", "-f", str(reference), "-t", str(targets), "-F", "0.01", "-C", "2"]
    command += ["--pooled-continuous", "-v", str(output)]
    return [*command, *map(str, bams)]


def call(command: list[str], output: Path) -> Usage:
    """Run a caller; stop with its own words if it fails."""
    output.parent.mkdir(parents=True, exist_ok=True)
    usage = run(command)
    if usage.status:
        raise SystemExit(f"{shlex.join(command)}\n{usage.stderr[-3000:]}")
    return usage


def version(program: str) -> str:
    """Return the first line that a program says about its version."""
    done = subprocess.run([program, "--version"], capture_output=True, text=True)
    return (done.stdout or done.stderr).strip().splitlines()[0]
