"""Reads around a variant: lines against alignments made by hand."""

import pysam
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resistpanel.call import vcf_writer
from resistpanel.core.errors import InputError
from resistpanel.report import read_evidence as reads
from resistpanel.report.contents import assemble
from resistpanel.report.render import page

REFERENCE = "ACGTTGCAGGCTTAACCGGATCGATTTGCAAACGTGCTAG" * 5  # 200 bases
HEADER = {"HD": {"VN": "1.6", "SO": "coordinate"}, "SQ": [{"SN": "chr1", "LN": 200}]}


def aligned(start, bases, cigar=None, name="f", reverse=False, quality=35, mapq=60, flag=0):
    """Return an alignment; `start` is 0-based."""
    read = pysam.AlignedSegment(pysam.AlignmentHeader.from_dict(HEADER))
    read.query_name, read.query_sequence = name, bases
    read.flag = flag | (16 if reverse else 0)
    read.reference_id, read.reference_start, read.mapping_quality = 0, start, mapq
    read.cigarstring = cigar or f"{len(bases)}M"
    qualities = [quality] * len(bases) if isinstance(quality, int) else quality
    read.query_qualities = qualities
    return read


def changed(start, length, **bases):
    """Return reference bases with some replaced: ``p105="T"`` is 0-based position 105."""
    text = list(REFERENCE[start : start + length])
    for key, base in bases.items():
        text[int(key[1:]) - start] = base
    return "".join(text)


def variant(pos, ref, alt, **more):
    value = {
        "id": f"chr1:{pos}:{ref}:{alt}", "chrom": "chr1", "pos": pos, "ref": ref, "alt": alt,
        "reported": True, "model": "somatic", "filters": ["PASS"], "somatic_phred": 50.0,
        "samples": {"t": {"dp": 100}},
    }  # fmt: skip
    return value | more


def window(v):
    start = v["pos"] - 1 - reads.FLANK
    return start, REFERENCE[start : v["pos"] - 1 + len(v["ref"]) + reads.FLANK]


def line(v, *mates):
    start, bases = window(v)
    return reads.merge([reads.line_of(m, start, bases) for m in mates])


def kind(v, *mates):
    start, bases = window(v)
    return reads.kind_of(line(v, *mates), v, start, bases)


SNV = variant(106, "T", "G")  # REFERENCE[105] is T
assert REFERENCE[105] == "T"


def test_a_read_without_changes_is_dots_or_commas():
    chars, marks, indels = line(SNV, aligned(90, REFERENCE[90:120]))
    assert "".join(chars) == " " * 10 + "." * 30 + " " * 11
    assert set(marks) == {" "} and indels == []
    chars, _, _ = line(SNV, aligned(90, REFERENCE[90:120], reverse=True))
    assert "".join(chars).strip() == "," * 30


def test_equals_signs_are_the_reference():
    bases = "=" * 5 + "G" + "=" * 14
    chars, _, _ = line(SNV, aligned(100, bases))
    assert "".join(chars).strip() == ".....G.............."
    assert kind(SNV, aligned(100, bases)) == "alt"
    assert kind(SNV, aligned(100, "=" * 20, reverse=True)) == "ref"


def test_another_base_stands_as_a_letter_of_its_strand():
    chars, _, _ = line(SNV, aligned(100, changed(100, 20, p105="G")))
    assert "".join(chars).strip() == ".....G.............."
    chars, _, _ = line(SNV, aligned(100, changed(100, 20, p105="G"), reverse=True))
    assert "".join(chars).strip() == ",,,,,g,,,,,,,,,,,,,,"


def test_mates_are_joined():
    left = aligned(95, changed(95, 20, p105="G"))
    right = aligned(104, changed(104, 20, p105="G"), reverse=True)
    text = "".join(line(SNV, left, right)[0]).strip()
    assert text == "." * 9 + ":G" + ":" * 9 + "," * 9
    torn = aligned(104, REFERENCE[104:124], reverse=True)
    assert "".join(line(SNV, left, torn)[0])[25] == "!"
    assert kind(SNV, left, torn) == "other"


def test_low_quality_is_marked_unless_the_mate_is_sure():
    low = aligned(100, REFERENCE[100:110], quality=10)
    assert line(SNV, low)[1][20:30] == ["q"] * 10
    sure = aligned(100, REFERENCE[100:110], reverse=True)
    assert line(SNV, low, sure)[1][20:30] == [" "] * 10


def test_deletion_insertion_and_clip():
    deleted = aligned(95, REFERENCE[95:105] + REFERENCE[108:118], "10M3D10M")
    chars, _, indels = line(SNV, deleted)
    assert "".join(chars).strip() == "." * 10 + "***" + "." * 10
    assert indels == [(104, -3)]
    inserted = aligned(95, REFERENCE[95:105] + "AC" + REFERENCE[105:115], "10M2I10M")
    chars, marks, indels = line(SNV, inserted)
    assert "".join(chars).strip() == "." * 20 and indels == [(104, 2)]
    assert marks[104 - (105 - 25)] == "i"
    clipped = aligned(100, "AAAAAA" + REFERENCE[100:115], "6S15M")
    chars, marks, _ = line(SNV, clipped)
    assert "".join(chars).strip() == "AAAAAA" + "." * 15
    assert "".join(marks).strip() == "ssssss"
    tail = aligned(95, REFERENCE[95:110] + "TTTT", "15M4S")
    assert line(SNV, tail)[1][30:34] == ["s"] * 4


@pytest.mark.parametrize(("base", "expected"), [("G", "alt"), ("T", "ref"), ("A", "other")])
def test_substitutions_are_sorted(base, expected):
    assert kind(SNV, aligned(100, changed(100, 12, p105=base))) == expected


def test_a_read_beside_the_variant_says_nothing():
    assert kind(SNV, aligned(85, REFERENCE[85:100])) is None


def test_both_bases_of_an_mnv_must_change():
    mnv = variant(106, REFERENCE[105:107], "AA")
    assert kind(mnv, aligned(100, changed(100, 20, p105="A", p106="A"))) == "alt"
    assert kind(mnv, aligned(100, changed(100, 20, p105="A"))) == "other"
    assert kind(mnv, aligned(100, REFERENCE[100:106])) is None  # covers only one


def test_indels_are_sorted_by_their_length():
    deletion = variant(105, REFERENCE[104:108], REFERENCE[104])
    gone = aligned(90, REFERENCE[90:105] + REFERENCE[108:120], "15M3D12M")
    shifted = aligned(90, REFERENCE[90:107] + REFERENCE[110:120], "17M3D10M")
    shorter = aligned(90, REFERENCE[90:105] + REFERENCE[107:120], "15M2D13M")
    whole = aligned(90, REFERENCE[90:120])
    assert [kind(deletion, r) for r in (gone, shifted, shorter, whole)] == [
        "alt", "alt", "other", "ref",
    ]  # fmt: skip
    insertion = variant(105, REFERENCE[104], REFERENCE[104] + "GGATCC")
    more = aligned(90, REFERENCE[90:105] + "GGATCC" + REFERENCE[105:115], "15M6I10M")
    clipped = aligned(90, REFERENCE[90:105] + "GGATCCA", "15M7S")
    assert [kind(insertion, r) for r in (more, clipped, whole)] == ["alt", "alt", "ref"]
    ends = aligned(90, REFERENCE[90:105])
    assert kind(insertion, ends) is None  # ends at the change: does not tell


@given(
    st.integers(60, 130),
    st.lists(st.tuples(st.sampled_from("MIDSN=X"), st.integers(1, 12)), min_size=1, max_size=6),
    st.booleans(),
)
def test_a_line_agrees_with_pysams_pairs(start, operations, reverse):
    """Twin: aligned positions by `get_aligned_pairs`, one at a time."""
    # Soft clips stand at the ends; neighbours of one kind are one operation.
    inner = [o for o in operations if o[0] != "S"] or [("M", 10)]
    if not any(o[0] in "M=X" for o in inner):
        inner.append(("M", 10))
    cigar = "".join(f"{n}{o}" for o, n in inner)
    length = sum(n for o, n in inner if o in "MI=X")
    bases = (REFERENCE[3:] * 2)[:length]
    read = aligned(start, bases, cigar, reverse=reverse)
    at, width = 80, 51
    chars, _, _ = reads.line_of(read, at, REFERENCE[at : at + width])
    expected = [" "] * width
    position = start
    for operation, n in inner:
        if operation == "D":
            for k in range(position, position + n):
                if at <= k < at + width:
                    expected[k - at] = "*"
        if operation in "MDN=X":
            position += n
    for q, r in read.get_aligned_pairs():
        if q is not None and r is not None and at <= r < at + width:
            base = bases[q]
            same = base == REFERENCE[r]
            expected[r - at] = (
                ("," if reverse else ".") if same else base.lower() if reverse else base
            )
    assert chars == expected


@pytest.fixture
def files(tmp_path):
    """A reference and a BAM: 30 fragments of which 10 carry the change; others do not count."""
    fasta = tmp_path / "ref.fa"
    fasta.write_text(f">chr1\n{REFERENCE}\n")
    pysam.faidx(str(fasta))
    alignments = [
        aligned(
            95 + i % 8, changed(95 + i % 8, 30, **({"p105": "G"} if i < 10 else {})), name=f"f{i}"
        )
        for i in range(30)
    ]
    bad = changed(100, 30, p105="G")
    alignments += [
        aligned(100, bad, name="duplicate", flag=0x400),
        aligned(100, bad, name="secondary", flag=0x100),
        aligned(100, bad, name="supplementary", flag=0x800),
        aligned(100, bad, name="failed", flag=0x200),
        aligned(100, bad, name="unsure", mapq=5),
        aligned(120, changed(120, 30), name="f3", reverse=True),  # a mate of f3
    ]
    alignments.sort(key=lambda r: r.reference_start)
    path = tmp_path / "t.bam"
    with pysam.AlignmentFile(path, "wb", header=HEADER) as bam:
        for read in alignments:
            bam.write(read)
    pysam.index(str(path))
    return str(fasta), str(path)


def test_fragments_are_counted_and_drawn(files):
    fasta, bam = files
    found = reads.evidence([SNV], [{"sample": "t", "bam": bam}], fasta)
    sample = found["variants"][SNV["id"]]["samples"]["t"]
    assert sample["counts"] == {"alt": 10, "ref": 20, "other": 0}
    kinds = [line["kind"] for line in sample["lines"]]
    assert kinds == ["alt"] * 8 + ["ref"] * 6
    again = reads.evidence([SNV], [{"sample": "t", "bam": bam}], fasta)
    assert again == found


def test_deep_samples_are_thinned_by_fragment(files, monkeypatch):
    fasta, bam = files
    monkeypatch.setattr(reads, "MOST_FRAGMENTS", 40)
    sample = reads.evidence([SNV], [{"sample": "t", "bam": bam}], fasta)["variants"][SNV["id"]]
    sample = sample["samples"]["t"]
    assert sample["every"] == 3  # depth 100, 40 kept
    assert 0 < sum(sample["counts"].values()) < 30


def test_what_cannot_be_read_is_said(files, tmp_path):
    fasta, _ = files
    bare = tmp_path / "bare.bam"
    with pysam.AlignmentFile(bare, "wb", header=HEADER):
        pass
    (tmp_path / "broken.bam").write_bytes(b"no BAM")
    samples = [{"sample": n, "bam": str(tmp_path / f"{n}.bam")} for n in ("no", "bare", "broken")]
    many = SNV | {"samples": {n: {"dp": 1} for n in ("no", "bare", "broken")}}
    rows = reads.evidence([many], samples, fasta)["variants"][SNV["id"]]["samples"]
    assert rows["no"]["note"] == "the BAM was not there when the report was made"
    assert rows["bare"]["note"] == "the BAM has no index"
    assert rows["broken"]["note"].startswith("the BAM cannot be read")
    with pytest.raises(InputError, match="no such file"):
        reads.evidence([SNV], samples, tmp_path / "no.fa")
    with pytest.raises(InputError, match="has no contig 'chr9'"):
        reads.evidence([many | {"chrom": "chr9"}], samples, fasta)


def test_germline_and_absent_sites_are_not_shown():
    rows = [
        variant(1, "A", "C"),
        variant(2, "A", "C", reported=False, model="germline", filters=["germline"]),
        variant(3, "A", "C", reported=False, model="absent", filters=["absent"]),
        variant(4, "A", "C", reported=False, model="artifact", filters=["strand"]),
    ]
    assert [v["pos"] for v in reads.wanted(rows)] == [1, 4]
    many = [variant(i, "A", "C", reported=False, somatic_phred=float(i)) for i in range(1, 99)]
    assert len(reads.wanted(many)) == reads.NEAR_MISSES
    assert reads.wanted(many)[0]["pos"] == 98


def test_the_page_shows_them(parts, patients, files, tmp_path, read_page):
    fasta, bam = files
    v = next(v for v in parts["compare"]["variants"] if v["gene"] == "MAP2K1")
    old = v["id"]
    v |= {"id": SNV["id"], "chrom": "chr1", "pos": 106, "ref": "T", "alt": "G",
          "substitutions": [{"pos": 106, "ref": "T", "alt": "G", "residue": 121}]}  # fmt: skip
    parts["compare"]["variants"] = [v]
    resist = parts["resist"]
    resist["verdict"]["key_variants"] = [v["id"]]
    resist["driver"]["variant"] = None
    resist["findings"] = [
        f | {"variant": v["id"]} for f in resist["findings"] if f["variant"] == old
    ]
    resist["near_misses"] = []
    for node in resist["pathway"]["nodes"]:
        node["altered"] = [v["id"]] if old in node["altered"] else []
    for s in parts["sheet"]["samples"]:
        s["bam"] = bam if s["sample"] == "resistant" else str(tmp_path / "gone.bam")
    paths = patients.write(parts, tmp_path)
    report = assemble(paths, reference=fasta, reads=True)
    found = read_page(page(report))
    assert found.unbalanced == []
    (section,) = found.all("section", id="reads")
    assert "with the change 10 of 30 fragments" in section["text"]
    assert "the BAM was not there" in section["text"]
    assert len(found.all("pre", class_="pile")) == 1
    (pile,) = found.all("pre", class_="pile")
    assert pile["text"].splitlines()[0] == REFERENCE[80:131]
    assert len(pile["text"].splitlines()) == 1 + 8 + 1 + 6
    (details,) = found.all("details", class_="reads")
    assert "open" in details["attrs"]  # the key variant's


def test_the_dropout_of_an_amplicon(parts, patients, files, tmp_path, read_page):
    """What the caller notes is read from the VCF and shown beside the fragments."""
    fasta, bam = files
    vcf = tmp_path / "a.vcf"
    counts = {"GT": "0/1", "AD": [300, 100], "ADF": [150, 50], "ADR": [150, 50], "DP": 400,
              "AF": 0.25, "AFCI": [0.2, 0.3], "LOD": 0.01, "UB": 0.3, "DET": 1}  # fmt: skip
    note = {"AMPLICON_DROPOUT": ["t|81-120:0/210|101-150:100/190"]}
    head = vcf_writer.header({"chr1": 200}, ["t"], {}, "r.fa")
    vcf.write_text(
        head + vcf_writer.line(vcf_writer.Record("chr1", 106, "T", "G", [], {}, [counts]))
    )
    assert reads.dropouts(vcf) == {}
    record = vcf_writer.Record("chr1", 106, "T", "G", [], note, [counts])
    vcf.write_text(head + vcf_writer.line(record))
    expected = {
        "t": [
            {"start": 80, "end": 120, "alt": 0, "depth": 210},
            {"start": 100, "end": 150, "alt": 100, "depth": 190},
        ]
    }
    assert reads.dropouts(vcf) == {SNV["id"]: expected}
    taken = reads.evidence([SNV], [{"sample": "t", "bam": bam}], fasta, vcf)
    window = taken["variants"][SNV["id"]]
    assert window["amplicon_dropout"] == expected
    # On the page, of a sample of the report.
    report = assemble(patients.write(parts, tmp_path), bams=False)
    v = report["compare"]["variants"][0]
    names = [s["sample"] for s in report["compare"]["samples"]]
    window["samples"] = dict.fromkeys(names, window["samples"]["t"])
    window["amplicon_dropout"] = {names[-1]: expected["t"]}
    report["evidence"] = taken | {"variants": {v["id"]: window}}
    (section,) = read_page(page(report)).all("section", id="reads")
    text = section["text"].replace("\u202f", " ")
    assert text.count("allele dropout of an amplicon") == 1
    assert f"0 of 210 in {v['chrom']}:81-120, 100 of 190 in {v['chrom']}:101-150" in text


def test_reads_need_the_reference(patients, tmp_path):
    paths = patients.write(patients.paper(), tmp_path)
    with pytest.raises(InputError, match="--reads needs the reference"):
        assemble(paths, reads=True, bams=False)
