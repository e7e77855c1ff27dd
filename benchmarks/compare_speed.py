"""CPU time of `resistpanel compare` for many variants and samples.

    python -m benchmarks.compare_speed --variants 500 --tumors 7

The annotated VCF and the sheet of one patient are written from drawn counts: a normal and tumours
of two lesions and plasma over two lines of therapy. The command is run as a process of its own, its
start and its imports are counted, and the smallest of some runs is printed.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import pysam

from benchmarks.measure import run
from resistpanel.compare.support import log10_presence
from resistpanel.core.stats import overdispersed_interval, overdispersed_upper

#: Depth of every sample, overdispersion, rate of one wrong base.
DEPTH, RHO, ERROR = 900, 5e-4, 2e-4
LESIONS = ("A", "B", "A", "B", None)
HEADER = """\
##fileformat=VCFv4.3
##contig=<ID=chr1,length=249250621>
##FILTER=<ID=PASS,Description="Somatic in at least one tumour">
##FILTER=<ID=absent,Description="Asked for, and not detected in any tumour">
##INFO=<ID=TYPE,Number=1,Type=String,Description="Type">
##INFO=<ID=MODEL,Number=1,Type=String,Description="Likeliest explanation">
##INFO=<ID=SOMATIC_PHRED,Number=1,Type=Float,Description="Phred">
##INFO=<ID=ODDS_NULL,Number=1,Type=Float,Description="Odds">
##INFO=<ID=ODDS_GERMLINE,Number=1,Type=Float,Description="Odds">
##INFO=<ID=ODDS_ARTIFACT,Number=1,Type=Float,Description="Odds">
##INFO=<ID=SITE,Number=.,Type=String,Description="Forced sites">
##INFO=<ID=GENE,Number=1,Type=String,Description="Gene">
##INFO=<ID=TRANSCRIPT,Number=1,Type=String,Description="Transcript">
##INFO=<ID=CONSEQUENCE,Number=1,Type=String,Description="Terms">
##INFO=<ID=HGVSC,Number=1,Type=String,Description="c.">
##INFO=<ID=HGVSP,Number=1,Type=String,Description="p.">
##INFO=<ID=PROTEIN,Number=.,Type=String,Description="Short">
##INFO=<ID=RESIDUES,Number=.,Type=Integer,Description="Codons">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Fragments">
##FORMAT=<ID=ADF,Number=R,Type=Integer,Description="Forward">
##FORMAT=<ID=ADR,Number=R,Type=Integer,Description="Reverse">
##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Fragments">
##FORMAT=<ID=AF,Number=1,Type=Float,Description="AF">
##FORMAT=<ID=AFCI,Number=2,Type=Float,Description="95 %">
##FORMAT=<ID=LOD,Number=1,Type=Float,Description="LOD">
##FORMAT=<ID=UB,Number=1,Type=Float,Description="UB">
##FORMAT=<ID=DET,Number=1,Type=Integer,Description="Detected">
##FORMAT=<ID=PRESENCE,Number=1,Type=Float,Description="Odds">
"""


def names(tumors: int) -> list[str]:
    """Return the names of the samples, the normal first."""
    return ["normal", *(f"tumour{i}" for i in range(tumors))]


def write_sheet(path: Path, tumors: int) -> None:
    """Write the sheet of a patient with two lines of therapy."""
    samples = names(tumors)[1:]
    lesion = [LESIONS[i % len(LESIONS)] for i in range(tumors)]
    first, second = samples[:2], samples[2 : 2 + (tumors - 2 + 1) // 2]
    last = samples[2 + len(second) :]
    rows = [{"sample": "normal", "role": "normal", "timepoint": None, "day": None, "lesion": None,
             "drugs": [], "bam": "n.bam", "purity": None}]  # fmt: skip
    rows += [
        {"sample": name, "role": "tumor" if place else "plasma", "timepoint": None,
         "day": 0 if name in first else 100 + 10 * i, "lesion": place, "drugs": [],
         "bam": f"{name}.bam", "purity": None}
        for i, (name, place) in enumerate(zip(samples, lesion, strict=True))
    ]  # fmt: skip
    pairs = [{"pre": pre, "post": post, "drugs": ["vemurafenib"]}
             for post in second + last for pre in first]  # fmt: skip
    therapy = [(["vemurafenib"], first, second), (["trametinib"], first + second, last)]
    path.write_text(json.dumps({
        "schema": "resistpanel/sheet/1", "patient": "P", "sex": "female", "disease": "melanoma",
        "samples": rows, "pairs": pairs, "drugs": [], "tumor_only": False,
        "lines": [{"number": i, "drugs": drugs, "start": None, "stop": None, "baseline": before,
                   "samples": after} for i, (drugs, before, after) in enumerate(therapy, 1)],
    }))  # fmt: skip


def counts(variants: int, tumors: int, seed: int) -> np.ndarray:
    """Return the fragments with each allele, (variants, samples).

    Half of the variants are in all tumours, the others in some; each has a fraction of its own.
    """
    rng = np.random.default_rng(seed)
    clonal = rng.uniform(0.1, 0.4, tumors)
    fraction = np.where(rng.random((variants, 1)) < 0.5, 1.0, rng.beta(1, 2, (variants, tumors)))
    fraction[variants // 2 :][rng.random((variants - variants // 2, tumors)) < 0.4] = 0.0
    shown = np.column_stack([np.zeros(variants), fraction * clonal])
    size = (1 - RHO) / RHO
    inside = np.clip(shown, 1e-9, 1)
    drawn = np.where(shown > 0, rng.beta(inside * size, (1 - inside) * size), 0.0)
    return rng.binomial(DEPTH, drawn + ERROR)


def write_vcf(path: Path, alt: np.ndarray) -> None:
    """Write the annotated VCF of counts, (variants, samples)."""
    low, high = overdispersed_interval(alt, DEPTH, RHO)
    upper = overdispersed_upper(alt, DEPTH, RHO)
    samples = names(alt.shape[1] - 1)
    lines = [HEADER]
    lines += [f"##resistpanel_overdispersion_{s}=rho:{RHO:g},low:0.0001,high:0.002\n"
              for s in samples]  # fmt: skip
    lines += [f"##resistpanel_error_rate_{s}=0.03,0.008,0.002,{3 * ERROR:g},0.0003\n"
              for s in samples]  # fmt: skip
    head = ("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *samples)
    lines.append("\t".join(head) + "\n")
    for i, row in enumerate(alt):
        cells, shown = [], False
        for s, k in enumerate(map(int, row)):
            presence = log10_presence(k, DEPTH, ERROR)
            detected = presence >= 2 and k >= 2
            shown |= detected and s > 0
            n = DEPTH - k
            cells.append(
                f"0/{int(detected)}:{n},{k}:{n // 2},{k // 2}:{n - n // 2},{k - k // 2}:{DEPTH}:"
                f"{k / DEPTH:.4g}:{low[i, s]:.4g},{high[i, s]:.4g}:0.009:{upper[i, s]:.4g}:"
                f"{int(detected)}:{presence:.4g}"
            )
        info = (
            f"TYPE=SNV;MODEL={'somatic' if shown else 'absent'};SOMATIC_PHRED=80;ODDS_NULL=8;"
            f"ODDS_GERMLINE=90;ODDS_ARTIFACT=20;GENE=G{i % 100};TRANSCRIPT=T;PROTEIN=A{i + 1}T;"
            f"CONSEQUENCE=missense_variant;HGVSC=c.{3 * i + 1}G>A;HGVSP=p.Ala{i + 1}Thr;"
            f"RESIDUES={i + 1};SITE=site{i}"
        )
        fields = ["chr1", str(1000 * (i + 1)), ".", "G", "A", "50", "PASS" if shown else "absent"]
        fields += [info, "GT:AD:ADF:ADR:DP:AF:AFCI:LOD:UB:DET:PRESENCE", *cells]
        lines.append("\t".join(fields) + "\n")
    plain = path.with_suffix("")
    plain.write_text("".join(lines))
    pysam.tabix_compress(str(plain), str(path), force=True)


def main(argv: list[str] | None = None) -> int:
    """Write a patient, compare it, and print what it took."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--variants", type=int, default=500)
    parser.add_argument("--tumors", type=int, default=7, help="beside a normal")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where the files are kept")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        write_sheet(folder / "sheet.json", args.tumors)
        write_vcf(folder / "a.vcf.gz", counts(args.variants, args.tumors, args.seed))
        command = [
            sys.executable, "-c", "from resistpanel.cli import main; main()", "compare",
            "--vcf", str(folder / "a.vcf.gz"), "--sheet", str(folder / "sheet.json"),
            "--output", str(folder / "P.json"),
        ]  # fmt: skip
        used = [run(command) for _ in range(args.repeats)]
        failed = next((one for one in used if one.status), None)
        if failed:
            print(failed.stderr, file=sys.stderr)
            return 1
        best = min(used, key=lambda one: one.cpu)
    print(
        f"{args.variants} variants, {args.tumors + 1} samples: {best.cpu:.1f} CPU s "
        f"(of {args.repeats} runs), {best.memory:.0f} MB"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
