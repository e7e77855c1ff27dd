"""The page docs/validation/copynumber.md from the benchmark's tables."""

import pandas as pd

HEAD = """# Copy number, purity, identity and contamination: simulated patients

`python -m benchmarks.copynumber --publish` writes the first sections, last with `--seeds 5 --exons
24 --purities 40 --patients 10 --pairs 0`; those that are not measured are kept. Patients are
simulated as depths and counts
on all 2,159 targets of panels/cancer138 (`benchmarks/copynumber_patients.py`): log-normal
efficiency of each target (sd 0.25), log-normal noise of each library at each target (sd 0.05,
natural log; 0.10 in the noisier one), a random GC bias for each library, Poisson fragments,
binomial alleles, about one heterozygous site per gene. The purity is not given to the program.
Changes are in single random genes, 30 of 138 in each tumour.
"""
NOTES = {
    "Calls per gene": "Correctly called genes, of those simulated. LOH without copy change is "
    "counted over genes with a heterozygous site, since it cannot be determined without one. False "
    "genes: unchanged genes not called neutral, of 108 per tumour.",
    "Deletions of exons": "In each tumour two genes of 6 or more targets lose two neighbouring "
    "targets on both copies, two others three to six, two others half of their targets; 17 other "
    "genes are changed. Found: the targets are reported. Stated size: `least_deleted`, the fewest "
    "targets from which 9 of 10 deletions are found according to the program (0: none). Of that "
    "size: deletions of as many targets or more, found. FFPE: 500x with the disturbances of "
    "`benchmarks/copynumber_disturbances.py`. False genes: others with such a deletion. Last with "
    "`--exons 24 --exon-seed 198450337`.\n\nTwo exons in FFPE are beyond what depth shows. With "
    "the true distributions of noise and drop-out (`python -m benchmarks.copynumber_exon_bound`; "
    "without waves, GC bias and capture lots), the best test that finds 90 % of the deletions "
    "calls 52 unchanged genes per tumour at a purity of 0.3, 1.2 at 0.5 and 0.07 at 0.8; one that "
    "finds half of them 3.4, 0.18 and 0.02.",
    "Purity": "Purity uniform in 0.25 to 0.9. Evidence: changes of 5 whole chromosomes, 6 to 15 "
    "clonal variants with a third as many subclonal, both, or neither. Tumours without an estimate "
    "are reported as not estimable.",
    "Identity and contamination": "Pairs of tumours of purity 0.3 to 0.8 with 30 changed genes "
    "each. Found: the gate reports the correct sample and reason. Other alarms: patients in which "
    "it reports anything else. Low contamination and tumour in normal, which the caller estimates, "
    "are in [identity.md](identity.md).",
    "Clonal states": "Pairs of samples with purities drawn from 0.25 to 0.9 and depths of 100 to "
    "1,000, cancer cell fractions of 15 % or more, 1 to 4 copies of the gene. The input of "
    "`compare` is the purity with an error of sd 0.02 and an interval of ±0.04, and copies of "
    "changed genes from an amount of DNA with an error of 4 %. Left open: undetermined or "
    "emergent. The lower half has the same pairs without known purities.",
}


def table(frame: pd.DataFrame) -> str:
    """Return a Markdown table."""
    lines = [" | ".join(map(str, frame.columns)), " | ".join("---" for _ in frame.columns)]
    lines += [" | ".join(map(str, row)) for row in frame.itertuples(index=False)]
    return "\n".join(f"| {line} |" for line in lines)


def page(parts: list[tuple[str, pd.DataFrame]], before: str = "") -> str:
    """Return the page; sections of the page before that were not measured again are kept."""
    kept = {text.split("\n", 1)[0]: text.rstrip() for text in before.split("\n## ")[1:]}
    made = {title: f"{title}\n\n{NOTES[title]}\n\n{table(frame)}" for title, frame in parts}
    titles = [*NOTES, *(title for title in kept if title not in NOTES)]
    chosen = [made.get(title) or kept.get(title) for title in titles]
    return HEAD + "".join(f"\n## {text}\n" for text in chosen if text)
