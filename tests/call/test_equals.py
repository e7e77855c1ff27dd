"""`=` in SEQ (samtools calmd -e): the same reads, counts and calls as with letters."""

import numpy as np
import pysam
import pytest
from callkit import Patient, Read, Variant, other, random_sequence, write_bam, write_reference

from resistpanel.call.io.reader import Reader
from resistpanel.cli import main
from resistpanel.core.errors import InputError
from resistpanel.core.stream import Stream
from resistpanel.qc.count import Counter

SEQUENCE = random_sequence(1700, 71)
TARGETS = [(500, 800), (820, 1150)]
SNV = Variant(620, SEQUENCE[620], other(SEQUENCE[620]), {"post": 0.2})
DELETION = Variant(1000, SEQUENCE[1000:1006], "", {"post": 0.2})
INHERITED = Variant(700, SEQUENCE[700], other(SEQUENCE[700]), {"normal": 0.5, "post": 0.5})


def equals(source, target, reference, sequence=SEQUENCE):
    """Write a BAM or CRAM in which `=` stands for each aligned base that is the reference's."""
    with pysam.AlignmentFile(str(source), reference_filename=str(reference)) as handle:
        head, reads = handle.header, list(handle)
    mode = "wc" if str(target).endswith(".cram") else "wb"
    changed = 0
    with pysam.AlignmentFile(
        str(target), mode, header=head, reference_filename=str(reference)
    ) as out:
        for read in reads:
            bases, qualities = list(read.query_sequence), read.query_qualities
            for q, p in read.get_aligned_pairs(matches_only=True):
                if bases[q] == sequence[p].upper():
                    bases[q] = "="
                    changed += 1
            read.query_sequence, read.query_qualities = "".join(bases), qualities
            out.write(read)
    pysam.index(str(target))
    assert changed
    return str(target)


def lines(path):
    """Return the records of a VCF."""
    with pysam.VariantFile(str(path)) as handle:
        return [str(record) for record in handle]


@pytest.mark.parametrize("kind", ["bam", "cram"])
def test_the_same_calls(tmp_path, kind):
    patient = Patient(SEQUENCE, TARGETS, [SNV, DELETION, INHERITED], {"normal": 60, "post": 120})
    written = patient.write(tmp_path)
    found = {}
    folder = tmp_path / "equals"
    folder.mkdir()
    for name in ("letters", "equals"):
        bams = written.bams
        if name == "equals":
            bams = {
                sample: equals(bam, folder / f"{sample}.{kind}", written.reference)
                for sample, bam in bams.items()
            }
        out = tmp_path / f"{name}.vcf.gz"
        words = ["call", "--reference", written.reference, "--targets", written.targets]
        words += ["--normal", bams["normal"], "--tumor", bams["post"], "--output", out]
        assert main([str(word) for word in words]) == 0
        found[name] = lines(out)
    assert len(found["letters"]) >= 3
    assert found["equals"] == found["letters"]


#: Odd and even lengths, lower case and N and IUPAC codes in the reference, clips, gaps, the end.
REFERENCE = "acgtNRACGTTGCA" + random_sequence(286, 5) + "g"
READS = [
    Read("a", "c", 0, "31M", REFERENCE[:31].upper()),
    Read(
        "b", "c", 10, "5S20M3I17M4S", "ACGTT" + REFERENCE[10:30] + "GGG" + REFERENCE[30:47] + "TTTT"
    ),
    Read("c", "c", 40, "10M5D10M20N9M", REFERENCE[40:50] + REFERENCE[55:65] + REFERENCE[85:94]),
    Read("d", "c", 290, "11M", REFERENCE[290:].upper()),
    Read("e", "c", 100, "1M", REFERENCE[100]),
    Read(
        "f", "c", 120, "16=1X16=", REFERENCE[120:136] + other(REFERENCE[136]) + REFERENCE[137:153]
    ),
]


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pair")
    reference = write_reference(folder / "ref.fa", {"c": REFERENCE})
    letters = write_bam(folder / "letters.bam", {"c": len(REFERENCE)}, READS)
    return reference, str(letters), equals(letters, folder / "equals.bam", reference, REFERENCE)


@pytest.mark.parametrize("own", [True, False], ids=["inflated here", "htslib"])
def test_the_same_records(pair, own):
    reference, *paths = pair
    found = []
    for path in paths:
        stream = Stream(path, str(reference), 0, own)
        stream.query([("c", 0, len(REFERENCE))])
        rows = []
        while (record := stream.read()) is not None:
            rows.append(record)
        found.append(rows)
    assert len(found[0]) == len(READS)
    assert found[1] == found[0]


def test_the_same_counts(pair):
    reference, letters, equal = pair
    whole = np.array([0]), np.array([len(REFERENCE)])
    one, two = (
        Counter(path, str(reference), 20, 10).contig("c", *whole) for path in (letters, equal)
    )
    assert one[1].sum() > 100
    assert (one[0] == two[0]).all() and (one[1] == two[1]).all()


def test_no_meaning_in_clips_and_insertions(tmp_path):
    """There, and beyond the contig's end, it is N."""
    reference = write_reference(tmp_path / "ref.fa", {"c": "ACGTACGTAC"})
    reads = [Read("a", "c", 2, "2S3M1I2M1S", "=========")]
    bam = write_bam(tmp_path / "s.bam", {"c": 10}, reads)
    reads = Reader(str(bam), [("c", 0, 10)], str(reference)).next_chunk("c", 0, 10)
    assert list(reads.bases) == [4, 4, 2, 3, 0, 4, 1, 2, 4]


def test_without_a_reference(pair):
    with pytest.raises(InputError, match="'=' in place of bases; give the reference"):
        Reader(pair[2], [("c", 0, 50)]).next_chunk("c", 0, 50)


def test_a_contig_that_the_reference_lacks(pair, tmp_path):
    lacking = write_reference(tmp_path / "ref.fa", {"d": REFERENCE})
    with pytest.raises(InputError, match="has no contig 'c'"):
        Reader(pair[2], [("c", 0, 50)], str(lacking)).next_chunk("c", 0, 50)
