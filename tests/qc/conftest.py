"""A small reference and BAMs of random fragments."""

import random
from pathlib import Path

import pysam
import pytest

LENGTH = 3_000
GAP = (2_000, 2_400)  # N in the reference
TARGETS = [(200, 500, "A|T1|exon1"), (700, 900, "A|T1|exon2"), (2_050, 2_150, "GAP|T2|exon1")]


@pytest.fixture(scope="session")
def reference(tmp_path_factory) -> Path:
    """A contig of 3 kb with 400 N."""
    path = tmp_path_factory.mktemp("reference") / "genome.fa"
    sequence = random.Random(3).choices("ACGT", k=LENGTH)
    sequence[slice(*GAP)] = "N" * (GAP[1] - GAP[0])
    path.write_text(f">c\n{''.join(sequence)}\n")
    pysam.samtools.faidx(str(path))
    return path


@pytest.fixture(scope="session")
def bed(tmp_path_factory) -> Path:
    """Three targets, one of them on N."""
    path = tmp_path_factory.mktemp("bed") / "targets.bed"
    path.write_text("".join(f"c\t{start}\t{end}\t{name}\n" for start, end, name in TARGETS))
    return path


def read(header, name, start, cigar, flag, mate, quality=60, mismatches=0, tagged=True, insert=0):
    """Return an aligned read."""
    made = pysam.AlignedSegment(header)
    made.query_name, made.flag = name, flag
    made.reference_id, made.reference_start = 0, start
    made.cigarstring, made.mapping_quality = cigar, quality
    length = made.infer_query_length()
    made.query_sequence = "A" * length
    made.query_qualities = pysam.qualitystring_to_array("I" * length)
    made.template_length = insert
    made.next_reference_id, made.next_reference_start = 0, mate
    if tagged:
        made.set_tag("NM", mismatches)
    return made


def write_reads(path: Path, reads) -> Path:
    """Write reads, sorted and indexed; `reads` is called with the header."""
    header = pysam.AlignmentHeader.from_dict(
        {
            "HD": {"VN": "1.6", "SO": "coordinate"},
            "SQ": [{"SN": "c", "LN": LENGTH}],
            "RG": [{"ID": path.stem, "SM": path.stem}],
        }
    )
    with pysam.AlignmentFile(str(path), "wb", header=header) as out:
        for made in sorted(reads(header), key=lambda one: (one.is_unmapped, one.reference_start)):
            out.write(made)
    pysam.samtools.index(str(path))
    return path


def random_reads(seed: int, pairs: int = 400, bases: bool = False):
    """Return the maker of random pairs: overlapping or not, with indels and unusable reads.

    With `bases` the reads have random bases (N among them) and qualities, else A of quality 40.
    """

    def make(header):
        rng = random.Random(seed)
        for number in range(pairs):
            insert = rng.randint(40, 160)
            start = rng.randint(0, 1_500)
            second = start + insert - 40
            cigars = rng.choices(["40M", "15M5D25M", "20M3I17M", "5S35M"], [8, 1, 1, 1], k=2)
            quality = rng.choice([60, 60, 60, 20, 19, 0])
            extra = rng.choices([0, 0x400, 0x200, 0x100, 0x800], [20, 4, 1, 1, 1])[0]
            name = f"f{number}"
            for cigar, place, flag, mate, size in (
                (cigars[0], start, 0x63, second, insert),
                (cigars[1], second, 0x93, start, -insert),
            ):
                flags, errors = flag | extra, rng.randint(0, 1)
                made = read(header, name, place, cigar, flags, mate, quality, errors, insert=size)
                if bases:
                    made.query_sequence = "".join(rng.choices("ACGTN", [9, 9, 9, 9, 1], k=40))
                    scores = rng.choices([40, 20, 19, 2], k=40)
                    made.query_qualities = pysam.qualitystring_to_array(
                        "".join(chr(33 + score) for score in scores)
                    )
                yield made

    return make
