"""The truth of a simulated patient as VCF: what each sample holds, and what was drawn."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pysam

from resistpanel.core.files import replacing
from resistpanel.testing import bgzf
from resistpanel.testing.mixtures import Plan, expected_af
from resistpanel.testing.setup import Study, nearest_target

#: VCF header lines: (INFO or FORMAT, id, number, type, description).
_FIELDS = (
    ("INFO", "TYPE", "1", "String", "SNV, MNV, INS, DEL, DUP or COMPLEX"),
    (
        "INFO",
        "ORIGIN",
        "1",
        "String",
        "somatic, germline, or contamination (of it alone)",
    ),
    ("INFO", "GENE", "1", "String", "Gene of the target"),
    ("INFO", "PHASE", "1", "String", "Variants of one phase are in the same fragments"),
    ("FORMAT", "GT", "1", "String", "Patient's genotype; somatic: whether the sample has it"),
    ("FORMAT", "AF", "1", "Float", "Expected allele frequency in the sample as mixed"),
    ("FORMAT", "AD", "R", "Integer", "Distinct fragments that show the place: without, with it"),
)


def _header(study: Study) -> list[str]:
    lines = ["##fileformat=VCFv4.3", "##source=resistpanel simulate"]
    for kind, name, number, type_, text in _FIELDS:
        lines.append(f'##{kind}=<ID={name},Number={number},Type={type_},Description="{text}">')
    for name, size in study.genome.lengths.items():
        lines.append(f"##contig=<ID={name},length={size}>")
    columns = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT"]
    lines.append("\t".join([*columns, *study.sources]))
    return [f"{line}\n" for line in lines]


def write_truth(
    path: Path,
    study: Study,
    plans: Mapping[str, list[Plan]],
    counts: Mapping[str, list[np.ndarray]],
) -> None:
    """Write ``truth.vcf.gz`` and its index.

    Parameters
    ----------
    path : path
        The VCF, bgzipped.
    study : Study
        Variants by region.
    plans, counts : mapping of str to list
        Per sample and region: the `Plan`, and counted fragments (variants, 2).
    """
    samples = list(study.sources)
    lines = _header(study)
    for number, region in enumerate(study.genome.regions):
        rows = []
        for v, variant in enumerate(study.variants[number]):
            pos, ref, alt = variant.vcf(region)
            target = nearest_target(study.genome, variant.chrom, variant.start)
            cells = []
            for sample in samples:
                sources, made = study.sources[sample], plans[sample][number]
                af = expected_af(variant, v, made, sources, target)
                if variant.somatic:
                    genotype = "0/1" if af else "0/0"
                else:
                    genotype = "|".join(str(int(bit)) for bit in variant.haplotypes)
                without, with_ = counts[sample][number][v]
                cells.append(f"{genotype}:{af:.6g}:{without},{with_}")
            germline = "germline" if any(variant.haplotypes) else "contamination"
            origin = "somatic" if variant.somatic else germline
            info = f"TYPE={variant.kind};ORIGIN={origin};GENE={target.gene}"
            info += f";PHASE={variant.phase}" if variant.phase else ""
            fixed = [variant.chrom, pos, ".", ref, alt, ".", ".", info, "GT:AF:AD"]
            rows.append((pos, "\t".join(map(str, [*fixed, *cells])) + "\n"))
        lines += [line for _, line in sorted(rows)]
    with replacing(path) as temporary, temporary.open("wb") as stream:
        writer = bgzf.Writer(stream)
        writer.write("".join(lines).encode())
        writer.close()
    pysam.tabix_index(str(path), preset="vcf", force=True)
