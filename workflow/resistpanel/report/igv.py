"""The IGV page of the findings, made by igv-reports (https://github.com/igvteam/igv-reports)."""

import html
import importlib.util
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pysam

from resistpanel.core.errors import InputError
from resistpanel.core.files import open_fasta, replacing
from resistpanel.panel.genes import Gene, load_genes
from resistpanel.report.cells import sample_label
from resistpanel.report.final_vcf import write_vcf
from resistpanel.report.parts import reported
from resistpanel.report.report_constants import IGV_FINDINGS, IGV_READS, SLICE_FLANK
from resistpanel.report.slices import Window, check_shown, scratch_slices, windows

PACKAGE = "igv_reports"
#: Columns of the page's table: INFO of the final VCF, and FORMAT of every sample.
COLUMNS = ("GENE", "HGVSC", "HGVSP", "CONSEQUENCE", "RP_EFFECT", "RP_MECHANISM", "RP_STATE")
OF_SAMPLES = ("AF", "DP")
#: Nothing but what is in the page is loaded; without it, igv.js asks igv.org for its genomes.
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:; connect-src data: blob:"
)
#: The line of igv-reports' template that names igv.js.
SCRIPT = re.compile(r'(<script[^>]*\ssrc=")([^"]*/igv(?:\.min)?\.js)(")')
#: Height of a sample's track, pixels: several are seen at once.
HEIGHT = 200


def installed() -> bool:
    """Return whether igv-reports is installed."""
    return importlib.util.find_spec(PACKAGE) is not None


def missing(where: str) -> InputError:
    """Return the error of an installation without igv-reports."""
    return InputError(
        "igv-reports is not installed", where, "in the checkout: pip install '.[igv]'"
    )


def check_script(script: str | Path) -> Path:
    """Return the path of a local igv.js.

    Raises
    ------
    InputError
        There is none, or the file is something else.
    """
    path = Path(script)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError("no such file", str(path), "give igv.min.js of igv.js") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read: {error}"[:200], str(path)) from None
    if "createBrowser" not in text:
        raise InputError("is not igv.js", str(path), "give igv.min.js of igv.js")
    return path


def write_igv(
    report: dict,
    vcf: str | Path,
    reference: str | Path,
    output: str | Path,
    genes: str | Path | None = None,
    script: str | Path | None = None,
) -> None:
    """Write a self-contained page with the findings as a table, and their reads in IGV.

    It loads nothing when it is opened. Without `script`, igv-reports downloads igv.js, the version
    that its template names, while the page is made.

    Parameters
    ----------
    report : dict
        report.json; the BAMs of its sheet are read.
    vcf : path
        The VCF of `resistpanel annotate` that the report was made from.
    reference : path
        Indexed FASTA.
    output : path
        HTML.
    genes : path, optional
        GFF3 of the panel's genes, for the gene track.
    script : path, optional
        A copy of igv.min.js to embed.

    Raises
    ------
    InputError
        Inherited variants are withheld; igv-reports is not installed, or fails; a BAM cannot be
        read.
    """
    check_shown(report, "--output-igv")
    if not installed():
        raise missing("--output-igv")
    given = check_script(script) if script else None
    open_fasta(reference).close()
    near = _genes(genes, windows(report)) if genes else []
    with scratch_slices(report, reference) as bams, replacing(output) as temporary:
        folder = next(iter(bams.values())).parent
        sites = folder / "sites.vcf"
        if not _sites(report, vcf, sites):
            temporary.write_text(_empty(report), encoding="utf-8")
            return
        tracks = [_alignments(report, name, path) for name, path in bams.items()]
        if near:
            bed = folder / "genes.bed"
            bed.write_text("".join(map(_bed12, near)), encoding="utf-8")
            tracks.append({"name": "Genes", "url": str(bed), "format": "bed"})
        config = folder / "tracks.json"
        config.write_text(json.dumps(tracks), encoding="utf-8")
        template = folder / "template.html"
        source = _template(given)
        template.write_text(source, encoding="utf-8")
        made = folder / "page.html"
        _run(
            [
                str(sites), "--fasta", str(reference), "--track-config", str(config),
                "--template", str(template), "--standalone",
                # igv-reports takes half of `flanking` on either side. A longer event is shown as
                # its two ends, between which the slices have no reads.
                "--flanking", str(2 * SLICE_FLANK), "--maxlen", str(2 * SLICE_FLANK),
                "--info-columns", *COLUMNS, "--sample-columns", *OF_SAMPLES,
                "--title", html.escape(_title(report)), "--output", str(made),
            ],
            made,
            None if given else SCRIPT.search(source),
        )  # fmt: skip
        shutil.copyfile(made, temporary)


def _title(report: dict) -> str:
    return f"Reads of the findings, patient {report['patient']}"


def _empty(report: dict) -> str:
    title = html.escape(_title(report))
    return (
        f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>{title}</title>\n'
        f"<h1>{title}</h1>\n<p>No variant was reported.</p>\n</html>\n"
    )


def _sites(report: dict, vcf: str | Path, path: Path) -> int:
    """Write the VCF of the findings, by rank; return how many there are."""
    rank = {f["variant"]: f["rank"] for f in report["resist"]["findings"]}
    wanted = {v["id"]: v for v in reported(report)}
    order = sorted(wanted, key=lambda name: rank.get(name, len(rank) + 1))
    if len(order) > IGV_FINDINGS:
        print(
            f"resistpanel: note: the IGV page has the first {IGV_FINDINGS} of {len(order)} "
            "findings by rank",
            file=sys.stderr,
        )
    final = path.with_name("final.vcf.gz")
    write_vcf(report, vcf, final)
    found = {}
    with pysam.VariantFile(str(final)) as records:
        records.header.add_line(
            '##INFO=<ID=CHR2,Number=1,Type=String,Description="Contig of the second breakend">'
        )
        head = str(records.header)
        for record in records:
            name = f"{record.chrom}:{record.pos}:{record.ref}:{(record.alts or '.')[0]}"
            if name in wanted:
                found[name] = _line(str(record), wanted[name])
    lines = [found[name] for name in order[:IGV_FINDINGS]]
    path.write_text(head + "".join(lines), encoding="utf-8")
    return len(lines)


def _line(record: str, variant: dict) -> str:
    """Return a record's line, of a breakend with the place of the other as igv-reports reads it."""
    cells = record.split("\t")
    cells[7] = cells[7].replace("%3D", "=")  # of a synonymous p. name
    junction = variant.get("junction")
    if junction and not variant["alt"].startswith("<"):
        cells[7] += f";CHR2={junction['chrom']};END={junction['pos']}"
    return "\t".join(cells)


def _alignments(report: dict, name: str, path: Path) -> dict:
    """Return the track of a sample, see https://igv.org/doc/igvjs/#tracks/Alignment-Track/."""
    sample = next(s for s in report["compare"]["samples"] if s["sample"] == name)
    label = sample_label(sample)
    return {
        "name": f"{label['name']} ({label['note']})" if label["note"] else label["name"],
        "url": str(path),
        "indexURL": f"{path}.bai",
        "format": "bam",
        "height": HEIGHT,
        "samplingDepth": IGV_READS,
        "showSoftClips": True,
        # igv-reports leaves out flagged duplicates and reads that failed quality control.
        "filter": {"duplicate": False, "vendorFailed": False},
    }


def _genes(gff3: str | Path, shown: list[Window]) -> list[Gene]:
    """Return the genes with coding bases within a gene's span of a window."""
    return [
        gene
        for gene in load_genes(gff3).values()
        if any(
            w.chrom == gene.chrom and w.start < gene.cds[-1][1] and gene.cds[0][0] < w.end
            for w in shown
        )
    ]


def _bed12(gene: Gene) -> str:
    """Return the coding exons of a gene as a line of BED12."""
    start, end = gene.cds[0][0], gene.cds[-1][1]
    sizes = ",".join(str(b - a) for a, b in gene.cds)
    starts = ",".join(str(a - start) for a, _ in gene.cds)
    cells = (gene.chrom, start, end, gene.symbol, 0, gene.strand, start, end, ".",
             len(gene.cds), sizes, starts)  # fmt: skip
    return "\t".join(map(str, cells)) + "\n"


def _template(script: Path | None) -> str:
    """Return igv-reports' template of variants with our policy, and a local igv.js if given.

    Raises
    ------
    InputError
        The template of the installed version is not as expected.
    """
    folder = Path(importlib.util.find_spec(PACKAGE).submodule_search_locations[0])
    path = folder / "templates" / "variant_template.html"
    text = path.read_text(encoding="utf-8")
    if "<head>" not in text or not SCRIPT.search(text):
        raise InputError(
            "the template of this igv-reports is not known", str(path), "install igv-reports 1.17.0"
        )
    head = f'<head>\n<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    text = text.replace("<head>", head, 1)
    # Its list of genomes, which igv.js would ask igv.org for.
    text = re.sub(r"(\bsessionURL:)", r"loadDefaultGenomes: false, \1", text, count=1)
    if script:
        address = script.resolve().as_uri()
        text = SCRIPT.sub(lambda found: f"{found[1]}{address}{found[3]}", text, count=1)
    return text


def _run(words: list[str], made: Path, download: re.Match | None) -> None:
    """Run igv-reports.

    Raises
    ------
    InputError
        It fails; `download` names the igv.js that it loads, if it does.
    """
    command = [sys.executable, "-m", f"{PACKAGE}.report", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0 and made.is_file():
        return
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()] or ["no message"]
    if download and ("urllib" in done.stderr or "urlopen" in done.stderr):
        raise InputError(
            f"igv-reports could not download igv.js: {lines[-1]}"[:300], download[2],
            "give a copy: --igv-js igv.min.js, in the configuration report.igv_js",
        )  # fmt: skip
    raise InputError(f"igv-reports failed: {lines[-1]}"[:300], "--output-igv")
