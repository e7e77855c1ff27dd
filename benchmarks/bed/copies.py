"""Copy number by CNVkit on a patient's BAMs, against the copies that were simulated.

``python -m benchmarks.bed cnvkit --seed N``: the reads of `capture`, with its normal. A gene's
copies are those of the segment that holds most of its targets. ``batch`` is run with its defaults
for hybrid capture, ``call`` with the purity, which CNVkit does not estimate.
"""

import json
from collections import Counter
from pathlib import Path

import pandas as pd

from benchmarks.bed import assay, genome, peers, report

TABLE = genome.WORK / "results" / "cnvkit.tsv"


def gene_copies(segments: pd.DataFrame, targets: pd.DataFrame) -> dict[str, int]:
    """Return the copies of each gene (``gene`` of targets): the most frequent over its targets."""
    found: dict[str, Counter] = {}
    for t in targets.itertuples():
        over = segments[(segments.chromosome == t.contig) & (segments.start < t.end)
                        & (segments.end > t.start)]  # fmt: skip
        for copies in over.cn:
            found.setdefault(t.gene, Counter())[int(copies)] += 1
    return {gene: counts.most_common(1)[0][0] for gene, counts in found.items()}


def simulated(info: dict, targets: pd.DataFrame) -> dict[str, int]:
    """Return the copies of each gene in the tumour: of the segment of its first target."""
    copies: dict[str, int] = {}
    for t in targets.itertuples():
        for (contig, start, end), pair in zip(info["segments"], info["copy_number"], strict=True):
            if contig == t.contig and start <= t.start and t.end <= end:
                copies.setdefault(t.gene, sum(pair))
    return copies


def run(seed: int) -> str:
    """Run CNVkit on the capture patient of a seed; returns and keeps a table of genes."""
    folder = assay.simulate(assay.ASSAYS["capture"], seed)
    info = json.loads((folder / "patient.json").read_text())
    names = ["contig", "start", "end", "gene"]
    targets = pd.read_csv(folder / "targets.bed", sep="\t", names=names)
    tumours = [s for s, purity in info["purity"].items() if purity > 0]
    sh = peers.Shell(folder / "calls" / "cnvkit")
    sh("cnvkit.py", "batch", *(folder / f"{s}.bam" for s in tumours), "--normal",
       folder / "normal.bam", "--targets", folder / "targets.bed", "--fasta",
       (folder / "reference.fa").resolve(), "--method", "hybrid", "--output-dir", sh.folder,
       "--output-reference", sh.folder / "normal.cnn")  # fmt: skip
    rows = []
    for sample in tumours:
        called = sh.folder / f"{sample}.purity.cns"
        sh("cnvkit.py", "call", sh.folder / f"{sample}.cns", "--method", "clonal", "--purity",
           info["purity"][sample], "--output", called)  # fmt: skip
        found = gene_copies(pd.read_csv(called, sep="\t"), targets)
        for gene, copies in simulated(info, targets).items():
            rows.append({"seed": seed, "sample": sample, "gene": gene, "simulated": copies,
                         "called": found.get(gene), "cpu": round(sh.cpu, 1)})  # fmt: skip
    pd.DataFrame(rows).to_csv(TABLE, sep="\t", index=False)
    return page()


def page(path: Path = TABLE) -> str:
    """Return the table as Markdown, empty if CNVkit was not run."""
    if not path.exists():
        return ""
    t = pd.read_csv(path, sep="\t")
    called = t[t.called.notna()]
    right = int((called.simulated == called.called).sum())
    rows = [[g, *(f"{r.simulated}: {r.called:.0f}" for r in part.itertuples())]
            for g, part in called.groupby("gene", sort=True)]  # fmt: skip
    return "\n".join([
        "### CNVkit\n",
        f"`python -m benchmarks.bed cnvkit --seed {t.seed.iloc[0]}`: genes of the `capture` "
        "patient, simulated copies and CNVkit's, given the purity and the matched normal. Right: "
        f"{report.share(right, len(called))} genes and tumours, which are no independent draws. "
        f"{t.cpu.iloc[0]:.0f} CPU s. Copy number by resistpanel is measured "
        "[from counts](#copy-number), and against CNVkit on the same depths by "
        "`python -m benchmarks.copynumber_cnvkit`.\n",
        report.table(rows, ["gene", *called["sample"].unique()]),
    ])  # fmt: skip
