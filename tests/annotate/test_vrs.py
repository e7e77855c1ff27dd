"""GA4GH VRS identifiers: published ones, those of ga4gh.vrs, and properties of the normal form.

    python tests/annotate/test_vrs.py > tests/annotate/vrs_vectors.tsv

makes the vectors anew where ga4gh.vrs, the reference implementation, is installed (2.3.3 was).
"""

import csv
import hashlib
import json
import os
import random
from pathlib import Path

import pysam
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from resistpanel.core import sequences
from resistpanel.core.contig_checksums import sha512t24u
from resistpanel.core.errors import InputError
from resistpanel.core.reference import Reference
from resistpanel.core.sequences import Sequences, chromosomes, standard, write_sequences
from resistpanel.core.vrs import VrsAllele, vrs_allele

VECTORS = Path(__file__).with_name("vrs_vectors.tsv")
#: Seed of the contigs and alleles of the vectors, and how many alleles each contig has.
SEED, EACH = 20261130, 40
CHR7, CHR19 = "SQ.F-LrLMe1SRpfUZHkQmvkVKFEGaoDeHul", "SQ.IIB53T8CNeJJdUqzn9V_JnRtQadwWCbl"


def accession(bases):
    return f"SQ.{sha512t24u(hashlib.sha512(bases.encode()).digest())}"


def on(bases, start, ref, alt):
    return vrs_allele(
        accession(bases), start, ref, alt, lambda _, a, b: bases[a:b], "c", len(bases)
    )


def contigs():
    """Yield contigs: repeats of short units between random bases, some with N and R."""
    rng = random.Random(SEED)
    for number in range(12):
        parts = []
        while sum(map(len, parts)) < 120:
            unit = "".join(rng.choices("ACGT", k=rng.randint(1, 5)))
            parts += [unit * rng.randint(1, 9), "".join(rng.choices("ACGT", k=rng.randint(0, 6)))]
        if number % 4 == 3:
            parts.insert(rng.randrange(len(parts)), rng.choice(["NNNN", "R", "ARA"]))
        yield "".join(parts)


def alleles(bases, rng):
    """Yield padded and unpadded alleles, many in the repeats and at the contig's ends."""
    for _ in range(EACH):
        start = rng.choice(
            [0, len(bases) - 3, rng.randrange(len(bases)), rng.randrange(len(bases))]
        )
        end = min(len(bases), start + rng.choice([0, 0, 1, 1, 2, 3, 6]))
        nearby = bases[max(0, start - 6) : end + 6].translate(str.maketrans("NR", "AA"))
        new = "".join(rng.choices("ACGT", k=rng.randint(1, 4)))
        alt = rng.choice(["", new, bases[start:end], nearby[: rng.randint(0, 8)], nearby[:3] * 2])
        if bases[start:end] or alt:
            yield start, bases[start:end], alt


# Identifiers that others published ------------------------------------------------------------


def test_digests_of_the_specification():
    """validation/functions.yaml of github.com/ga4gh/vrs (commit 52fd157)."""
    assert sha512t24u(hashlib.sha512(b"").digest()) == "z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXc"
    assert accession("ACGT") == "SQ.aKF498dAxcJAqme6QYQ7EZ07-fiw8Kw2"


@pytest.mark.parametrize(
    ("allele", "location", "identifier"),
    [
        # validation/models.yaml of github.com/ga4gh/vrs (commit 52fd157).
        (VrsAllele(CHR7, 44908821, 44908822, literal="T"),
         "4t6JnYWqHwYw9WzBT_lmWBb3tLQNalkT", None),
        (VrsAllele(CHR19, 44908821, 44908822, literal="T"),
         "wIlaGykfwHIpPY2Fcxtbx4TINbbODFVz", "0AePZIWZUNsUlQTamyLrjm2HWUw2opLt"),
        (VrsAllele("SQ.Ya6Rs7DHhDeg7YaOSg1EoNi3U_nQ9SvO", 40819438, 40819446, length=11, unit=3),
         "nQGBuvRQOLEboA5TYtcz975fp_GulxbZ", "Oop4kjdTtKcg1kiZjIJAAR3bp7qi4aNT"),
        # NC_000007.14:g.55181320A>T: tests of github.com/ga4gh/vrs-python (a47b3d9).
        (VrsAllele(CHR7, 55181319, 55181320, literal="T"),
         "_G2K0qSioM74l_u3OaKR0mgLYdeTL7Xd", "Hy2XU_-rp4IMh6I_1NXNecBo8Qx8n0oE"),
        # BRAF V600E on chr7 of GRCh37 and GRCh38 and of NP_004324.2, as others compute them: tests
        # of github.com/cancervariants/variation-normalization and github.com/biocommons/anyvar.
        (VrsAllele("SQ.IW78mgV5Cqf6M24hy52hPjyyo5tCCd86", 140453135, 140453136, literal="T"),
         "hVna-JOV5bBTGdXexL--IQm135MG3bGT", "nmp-bzYpO00NYIqr3CaVF0ZH2ZpSj1ly"),
        (VrsAllele(CHR7, 140753335, 140753336, literal="T"),
         "nhul5x5P_fKjGEpY9PEkMIekJfZaKom2", "Otc5ovrw906Ack087o1fhegB4jDRqCAe"),
        (VrsAllele("SQ.cQvw4UsHHRRlogxbWCB8W-mKD4AraM9y", 599, 600, literal="E"),
         "t-3DrWALhgLdXHsupI-e-M00aL3HgK3y", "j4XnsLZcdzDIYa5pvvXM7t1wn9OITr0L"),
    ],
)  # fmt: skip
def test_published_identifiers(allele, location, identifier):
    assert allele.location_id == f"ga4gh:SL.{location}"
    if identifier:
        assert allele.id == f"ga4gh:VA.{identifier}"
        assert allele.made()["id"] == allele.id


def test_the_chromosomes_are_known():
    known = chromosomes()
    # rs7412 of the specification is on NC_000019.10, EGFR on NC_000007.14.
    assert (known[CHR19].refseq, known[CHR7].refseq) == ("NC_000019.10", "NC_000007.14")
    assert known["SQ.S_KjnFVz-FE7M0W6yoaUDgYxLPc1jyWU"].assembly == "GRCh37"
    # 24 chromosomes of two assemblies, and one mitochondrion.
    assert len(known) == 49
    # Every checksum is of a chromosome that is known, and chr1 of GRCh38 is as others have it.
    assert set(standard().values()) == set(known)
    assert known[standard()["6aef897c3d6ff0c78aff06ac189178dd"]].refseq == "NC_000001.11"


# Contigs of a reference -----------------------------------------------------------------------


@pytest.fixture
def fasta(tmp_path):
    """A reference of two contigs, in lower and upper case."""
    path = tmp_path / "ref.fa"
    path.write_text(">c1 one\nacgt\n>c2\nACGTRNNAC\nGT\n")
    pysam.faidx(str(path))
    return path


def test_a_contig_has_the_accession_of_its_sequence(fasta):
    found = Sequences(Reference(fasta))
    # The digest of ACGT in validation/functions.yaml of github.com/ga4gh/vrs.
    assert found.get("c1") == "SQ.aKF498dAxcJAqme6QYQ7EZ07-fiw8Kw2"
    assert found.get("c2") == accession("ACGTRNNACGT")


def test_a_dictionary_names_a_chromosome_unless_it_is_older(fasta):
    """Also of a file with masked copies: chr5 of GATK's file is that of GRCh38."""
    masked = "a811b3dc9fe66af729dc0dddf7fa4f13"
    stated = fasta.with_suffix(".dict")
    stated.write_text(
        f"@HD\tVN:1.6\n@SQ\tSN:c1\tLN:4\tM5:{masked.upper()}\n@SQ\tSN:c2\tLN:11\tM5:ff\n"
    )
    found = Sequences(Reference(fasta))
    assert chromosomes()[found.get("c1")].refseq == "NC_000005.10"
    assert found.get("c2") == accession("ACGTRNNACGT")
    os.utime(stated, (1, 1))
    assert Sequences(Reference(fasta)).get("c1") == accession("ACGT")


def test_long_contigs_are_read_on_demand(fasta, monkeypatch, tmp_path):
    monkeypatch.setattr(sequences, "SHORT_CONTIG", 5)
    path = tmp_path / "sequences.json"
    assert write_sequences(path, fasta, {"c1", "c2"}) == ["c2"]
    again = Sequences(Reference(fasta), path)
    assert (again.get("c1"), again.get("c2")) == (accession("ACGT"), None)
    assert write_sequences(path, fasta, {"c1", "c2"}, read=True) == []
    assert Sequences(Reference(fasta), path).get("c2") == accession("ACGTRNNACGT")


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ({"c1": {"length": 5, "refget": "SQ.x"}}, "contig c1 of 5 bases is not in"),
        ({"c9": {"length": 4, "refget": "SQ.x"}}, "contig c9 of 4 bases is not in"),
        ({"c1": "SQ.x"}, "'c1' has no length and refget"),
        ({"c1": {"length": 4, "refget": "SQ.x"}}, "'SQ.x' is no refget accession"),
        ({"c1": {"length": 4, "refget": 7}}, "'7' is no refget accession"),
    ],
)
def test_accessions_of_another_reference_are_refused(fasta, tmp_path, value, what):
    path = tmp_path / "sequences.json"
    path.write_text(json.dumps(value))
    with pytest.raises(InputError, match=what):
        Sequences(Reference(fasta), path)


# The reference implementation -----------------------------------------------------------------


def test_vectors_of_the_reference_implementation():
    with VECTORS.open() as lines:
        rows = list(csv.DictReader((one for one in lines if one[0] != "#"), delimiter="\t"))
    assert len(rows) > 400
    for row in rows:
        found = on(row["contig"], int(row["start"]), row["ref"], row["alt"])
        place = (str(found.start), str(found.end), str(found.length or "0"))
        assert (found.id, *place) == (row["id"], row["vrs_start"], row["vrs_end"],
                                      row["length"]), row  # fmt: skip
    kinds = {row["kind"] for row in rows}
    assert kinds == {"LiteralSequenceExpression", "ReferenceLengthExpression"}


def library(bases, start, ref, alt):
    """Return what ga4gh.vrs makes of an allele."""
    from ga4gh.core import ga4gh_identify
    from ga4gh.vrs import models, normalize
    from ga4gh.vrs.dataproxy import _DataProxy

    class Proxy(_DataProxy):
        def get_sequence(self, identifier, start=None, end=None):
            return bases[start:end]

        def get_metadata(self, identifier):
            return {"length": len(bases), "aliases": []}

    place = models.SequenceLocation(
        sequenceReference=models.SequenceReference(refgetAccession=accession(bases)),
        start=start, end=start + len(ref),
    )  # fmt: skip
    state = models.LiteralSequenceExpression(sequence=alt)
    made = normalize(models.Allele(location=place, state=state), Proxy())
    return ga4gh_identify(made), made


@given(st.text("ACGT", min_size=4, max_size=60), st.data())
@settings(max_examples=60, deadline=None)
def test_as_the_library_has_it(bases, data):
    pytest.importorskip("ga4gh.vrs", reason="ga4gh.vrs is missing")
    start = data.draw(st.integers(0, len(bases)))
    end = data.draw(st.integers(start, min(len(bases), start + 5)))
    alt = data.draw(st.text("ACGT", max_size=5))
    assume(alt or end > start)
    assert on(bases, start, bases[start:end], alt).id == library(
        bases, start, bases[start:end], alt)[0]  # fmt: skip


# Properties -----------------------------------------------------------------------------------

#: Bases with many repeats.
REPETITIVE = st.lists(
    st.tuples(st.text("ACGT", min_size=1, max_size=4), st.integers(1, 6)), min_size=1, max_size=8
).map(lambda parts: "".join(unit * n for unit, n in parts))


@given(REPETITIVE, st.data())
@settings(max_examples=60, deadline=None)
def test_one_haplotype_has_one_identifier(bases, data):
    """However an indel is written, padded or placed elsewhere, its identifier is the same."""
    start = data.draw(st.integers(0, len(bases)))
    end = data.draw(st.integers(start, min(len(bases), start + 4)))
    alt = "" if end > start else data.draw(st.text("ACGT", min_size=1, max_size=4))
    expected = on(bases, start, bases[start:end], alt)
    haplotype = bases[:start] + alt + bases[end:]
    shift = len(alt) - (end - start)
    spellings = 0
    for other in range(len(bases) + 1):
        # The same haplotype by the indel at another place, padded by up to two bases.
        gone = max(-shift, 0)
        added = haplotype[other : other + max(shift, 0)]
        if bases[:other] + added + bases[other + gone :] != haplotype:
            continue
        if other + gone > len(bases) or len(added) != max(shift, 0):
            continue
        for left in range(min(other, 2) + 1):
            for right in range(min(len(bases) - other - gone, 2) + 1):
                ref = bases[other - left : other + gone + right]
                new = bases[other - left : other] + added + bases[other + gone :][:right]
                assert on(bases, other - left, ref, new).id == expected.id
                spellings += 1
    assert spellings
    assert (expected.start, expected.end) == (
        min(n for n in range(len(bases) + 1) if on_place(bases, n, haplotype, shift)),
        max(n + max(-shift, 0) for n in range(len(bases) + 1)
            if on_place(bases, n, haplotype, shift)),
    )  # fmt: skip


def on_place(bases, place, haplotype, shift):
    """Return whether the indel can be written at a place, 0-based."""
    gone, more = max(-shift, 0), max(shift, 0)
    if place + gone > len(bases):
        return False
    added = haplotype[place : place + more]
    return len(added) == more and bases[:place] + added + bases[place + gone :] == haplotype


@given(REPETITIVE, st.data())
@settings(max_examples=60, deadline=None)
def test_the_state_gives_the_haplotype(bases, data):
    """The interval and its state, written out, are the haplotype that was meant."""
    start = data.draw(st.integers(0, len(bases)))
    end = data.draw(st.integers(start, min(len(bases), start + 4)))
    alt = data.draw(st.text("ACGT", max_size=4))
    assume(alt or end > start)
    found = on(bases, start, bases[start:end], alt)
    state = found.literal
    if state is None:
        reference = bases[found.start : found.end]
        unit = reference[-found.unit :] if found.length > len(reference) else reference
        # An insertion repeats the last unit of the reference; what it has comes first.
        extended = reference + unit * (found.length // len(unit) + 1) if unit else ""
        state = extended[: found.length]
    assert bases[: found.start] + state + bases[found.end :] == bases[:start] + alt + bases[end:]


@given(REPETITIVE, st.data())
def test_reference_alleles(bases, data):
    start = data.draw(st.integers(0, len(bases) - 1))
    end = data.draw(st.integers(start + 1, len(bases)))
    found = on(bases, start, bases[start:end], bases[start:end])
    assert (found.start, found.end, found.length, found.unit) == (
        start, end, end - start, end - start)  # fmt: skip
    assert found.literal is None


@pytest.mark.parametrize(
    ("start", "ref", "alt", "expected"),
    [
        (4, "C", "T", (4, 5, "T", None, None)),
        (3, "ACG", "ATC", (4, 6, "TC", None, None)),  # an MNV, padded
        (4, "CG", "TTT", (4, 6, "TTT", None, None)),  # a complex change stays as it is
        (4, "", "G", (4, 4, "G", None, None)),  # an insertion between unlike bases
        (0, "A", "", (0, 4, None, 3, 1)),  # a deletion from the contig's first base on
        (7, "TT", "", (7, 11, None, 2, 2)),  # and to its last
        (11, "", "T", (7, 11, None, 5, 1)),
        (4, "", "AA", (0, 4, None, 6, 2)),
        (4, "", "AG", (4, 4, "AG", None, None)),
        (0, "AAAACGGTTTT", "", (0, 11, None, 0, 11)),  # all of it
    ],
)
def test_normal_forms(start, ref, alt, expected):
    bases = "AAAACGGTTTT"
    found = on(bases, start, ref, alt)
    assert (found.start, found.end, found.literal, found.length, found.unit) == expected


def test_letters_for_several_bases_are_those_of_the_sequence():
    """VCF has R reduced to A: the deletion is of what the sequence holds."""
    bases = "CCRRRTT"
    assert on(bases, 1, "CA", "C") == on(bases, 3, "A", "")
    assert (on(bases, 1, "CA", "C").start, on(bases, 1, "CA", "C").end) == (2, 5)


@pytest.mark.parametrize(("start", "ref", "alt"), [(0, "", ""), (3, "AC", "A"), (-1, "A", "")])
def test_what_is_no_allele(start, ref, alt):
    with pytest.raises(ValueError, match="no allele"):
        on("AAAA", start, ref, alt)


if __name__ == "__main__":
    print(
        f"# Alleles on short contigs as ga4gh.vrs 2.3.3 normalises and identifies them; seed {SEED}"
    )
    print(
        "contig",
        *(["start", "ref", "alt", "id", "vrs_start", "vrs_end", "kind", "length"]),
        sep="\t",
    )
    made = random.Random(SEED + 1)
    for bases in contigs():
        for start, ref, alt in alleles(bases, made):
            name, one = library(bases, start, ref, alt)
            print(bases, start, ref, alt, name, one.location.start, one.location.end,
                  one.state.type, getattr(one.state, "length", None) or 0, sep="\t")  # fmt: skip
