"""The page docs/validation/copynumber.md from the benchmark's tables."""

import pandas as pd

HEAD = """# Copy number, purity, identity and leaks: simulated patients

`python -m benchmarks.copynumber --publish` writes this page. Patients are drawn at the level of
depths and counts on all 2,159 targets of panels/cancer138 (`benchmarks/copynumber_patients.py`):
efficiency of each target log-normal (sd 0.25), noise of each library at each target log-normal
(sd 0.05, natural log; 0.10 in the noisier one), each library bent with GC by a random curve,
Poisson fragments, binomial alleles, about one heterozygous site per gene. Purity is not told to
the program. Changes are put on single random genes, 30 of 138 in each tumour.
"""
NOTES = {
    "Calls per gene": "Genes called as what they are, of those simulated. LOH without copy change "
    "is counted over genes that have a heterozygous site; without one it cannot be told. False "
    "genes: unchanged genes called anything but neutral, of 108 per tumour.",
    "Purity": "Purity uniform in 0.25 to 0.9. Evidence: changes of 5 whole chromosomes, 6 to 15 "
    "clonal variants with a third as many subclonal, both, or neither. Tumours without an estimate "
    "are reported as not estimable.",
    "Identity and leaks": "Pairs of tumours of purity 0.3 to 0.8 with 30 changed genes each. "
    "Found: the gate names the right sample and reason. Other alarms: patients in which it names "
    "anything else.",
    "Clonal states": "Pairs of samples with purities drawn from 0.25 to 0.9 and depths of 100 to "
    "1,000, cancer cell fractions of 15 % or more, copies of the gene 1 to 4; `compare` is given "
    "the purity with an error of sd 0.02 and an interval of ±0.04, and copies of changed genes "
    "from an amount of DNA with an error of 4 %. Left open: undetermined or emergent. "
    "Below, the same pairs judged without knowing the purities.",
}


def table(frame: pd.DataFrame) -> str:
    """Return a Markdown table."""
    lines = [" | ".join(map(str, frame.columns)), " | ".join("---" for _ in frame.columns)]
    lines += [" | ".join(map(str, row)) for row in frame.itertuples(index=False)]
    return "\n".join(f"| {line} |" for line in lines)


def page(parts: list[tuple[str, pd.DataFrame]], appendix: str = "") -> str:
    """Return the page."""
    sections = [HEAD]
    for title, frame in parts:
        sections.append(f"## {title}\n\n{NOTES[title]}\n\n{table(frame)}\n")
    return "\n".join(sections) + appendix
