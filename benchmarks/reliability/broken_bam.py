"""Broken BAMs: bytes, index, header, records."""

import random
import shutil
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pysam

from benchmarks.reliability.cases import Case, run

EOF = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
SAMPLES = ("P01_normal", "P01_before", "P01_relapse")
#: The one that is broken.
BROKEN = "P01_relapse"


class Patient:
    """The unbroken patient of `benchmarks.reliability.data` and its result."""

    def __init__(self, cohort: Path):
        self.cohort = cohort
        self.bam = cohort / "P01" / f"{BROKEN}.bam"
        self.reference = cohort / "genome.fa.gz"
        self.targets = cohort / "targets.bed"

    def commands(self, folder: Path, broken: Path) -> list[list[str]]:
        """Return sheet, call and qc of the patient with one BAM replaced."""
        bams = {name: self.cohort / "P01" / f"{name}.bam" for name in SAMPLES}
        bams[BROKEN] = broken
        lines = (self.cohort / "samples.tsv").read_text().splitlines()
        head = lines[0].split("\t")
        rows = [dict(zip(head, line.split("\t"), strict=True)) for line in lines[1:4]]
        for row in rows:
            row["bam"] = str(bams[row["sample"]])
        sheet = folder / "samples.tsv"
        sheet.write_text(
            "\n".join([lines[0], *("\t".join(row[c] for c in head) for row in rows)]) + "\n"
        )
        reference = ["--reference", str(self.reference), "--targets", str(self.targets)]
        return [
            ["sheet", "--samples", "samples.tsv", *reference, "--patient", "P01",
             "--output", "P01.json"],
            ["call", *reference, "--normal", str(bams[SAMPLES[0]]), "--tumor",
             str(bams[SAMPLES[1]]), "--tumor", str(bams[SAMPLES[2]]), "--output", "P01.vcf.gz"],
            ["qc", *reference, "--sheet", "P01.json", "--output", "qc.json"],
        ]  # fmt: skip


def calls(folder: Path) -> dict[str, str]:
    """Return, by allele, FILTER and the samples that carry it."""
    found = {}
    with pysam.VariantFile(str(folder / "P01.vcf.gz")) as handle:
        for record in handle:
            carried = [name for name, s in record.samples.items() if s["DET"] == 1]
            found[f"{record.chrom}:{record.pos}:{record.ref}:{record.alts[0]}"] = (
                f"{';'.join(record.filter.keys())} {','.join(carried)}"
            )
    return {key: value for key, value in found.items() if value.startswith("PASS")}


def broken_sample_is_reference(folder: Path) -> bool:
    """Return whether the broken sample has depth, and no fragment of any allele."""
    with pysam.VariantFile(str(folder / "P01.vcf.gz")) as handle:
        counts = [record.samples[BROKEN]["AD"] for record in handle]
    return bool(counts) and all(ref > 0 and alt == 0 for ref, alt in counts)


def unpack(data: bytes) -> list[bytes]:
    """Return the content of each BGZF block."""
    blocks, at = [], 0
    while at < len(data):
        size = struct.unpack_from("<H", data, at + 16)[0] + 1
        blocks.append(zlib.decompress(data[at + 18 : at + size - 8], -15))
        at += size
    return blocks


def pack(content: bytes, level: int = 1) -> bytes:
    """Return bytes as BGZF with its end-of-file block.

    With `level` 0 nothing is compressed: sizes and places do not depend on the content.
    """
    made = bytearray()
    for at in range(0, len(content), 60_000):
        piece = content[at : at + 60_000]
        deflate = zlib.compressobj(level, zlib.DEFLATED, -15)
        body = deflate.compress(piece) + deflate.flush()
        made += b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\x06\0BC\x02\0"
        made += struct.pack("<H", len(body) + 25) + body
        made += struct.pack("<II", zlib.crc32(piece), len(piece))
    return bytes(made) + EOF


def record_offsets(content: bytes) -> list[int]:
    """Return where each record begins in a BAM's content (SAM specification, section 4.2)."""
    at = 8 + struct.unpack_from("<i", content, 4)[0]
    contigs = struct.unpack_from("<i", content, at)[0]
    at += 4
    for _ in range(contigs):
        at += 8 + struct.unpack_from("<i", content, at)[0]
    offsets = []
    while at < len(content):
        offsets.append(at)
        at += 4 + struct.unpack_from("<i", content, at)[0]
    return offsets


def index(path: Path) -> None:
    """Index a BAM; the index of a BAM that cannot be indexed stays away."""
    try:
        pysam.samtools.index(str(path))
    except (pysam.SamtoolsError, OSError):
        Path(f"{path}.bai").unlink(missing_ok=True)


def rewrite(
    source: Path,
    target: Path,
    change: Callable[[pysam.AlignedSegment, int], object] | None = None,
    header: Callable[[dict], None] | None = None,
    order: Callable[[list], list] | None = None,
) -> None:
    """Write a BAM with reads or header changed; `change` may return False to drop a read."""
    with pysam.AlignmentFile(str(source)) as handle:
        head = handle.header.to_dict()
        if header:
            header(head)
        reads = list(handle)
    if order:
        reads = order(reads)
    with pysam.AlignmentFile(str(target), "wb", header=head) as out:
        for number, read in enumerate(reads):
            if change is None or change(read, number) is not False:
                out.write(read)
    index(target)


def _bytes_case(patient: Patient, name: str, change, expect="either", with_index=True) -> Case:
    def build(folder: Path) -> list[list[str]]:
        broken = folder / f"{BROKEN}.bam"
        broken.write_bytes(change(patient.bam.read_bytes()))
        if with_index:
            shutil.copy(f"{patient.bam}.bai", f"{broken}.bai")
        return patient.commands(folder, broken)

    return Case("BAM bytes", name, build, expect, calls)


def of_bytes(patient: Patient, rng: random.Random, times: int = 1) -> Iterator[Case]:
    """Yield truncations, flipped bits, zeroed and swapped stretches, other files under the name."""
    size = patient.bam.stat().st_size
    for fraction in (0.001, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99):
        at = int(size * fraction)
        yield _bytes_case(patient, f"cut at byte {at}", lambda d, at=at: d[:at], "refused")
        yield _bytes_case(
            patient, f"cut at byte {at}, ended properly", lambda d, at=at: d[:at] + EOF, "refused"
        )
    yield _bytes_case(patient, "last 28 bytes missing", lambda d: d[:-28], "refused")

    def whole_blocks(data: bytes, keep: float) -> bytes:
        at = 0
        while at < len(data) * keep:
            at += struct.unpack_from("<H", data, at + 16)[0] + 1
        return data[:at] + EOF

    for keep in (0.3, 0.6, 0.95):
        yield _bytes_case(
            patient, f"whole blocks of the last {1 - keep:.0%} missing",
            lambda d, keep=keep: whole_blocks(d, keep), "refused",
        )  # fmt: skip
    for number in range(30 * times):
        at, bit = rng.randrange(size), rng.randrange(8)

        def flip(data: bytes, at: int = at, bit: int = bit) -> bytes:
            made = bytearray(data)
            made[at] ^= 1 << bit
            return bytes(made)

        yield _bytes_case(patient, f"bit {bit} of byte {at} flipped", flip)
        if number % 3 == 0:

            def zero(data: bytes, at: int = at) -> bytes:
                return (data[:at] + bytes(4096) + data[at + 4096 :])[: len(data)]

            yield _bytes_case(patient, f"4096 bytes zeroed at {at}", zero)
    for name, content in (
        ("empty file", b""),
        ("end-of-file block alone", EOF),
        ("text", b"these are not reads\n" * 100),
        ("SAM text", b"@HD\tVN:1.6\tSO:coordinate\n@SQ\tSN:chr1\tLN:100\n"),
        ("gzip instead of bgzip", b"\x1f\x8b\x08\x00" + bytes(200)),
        ("random bytes", rng.randbytes(5000)),
        ("random bytes that begin as BGZF", b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\x06\0BC\x02\0"
         + rng.randbytes(5000)),
        ("another format (VCF)", pack(b"##fileformat=VCFv4.3\n#CHROM\tPOS\n")),
        ("BAM magic and nothing else", pack(b"BAM\1")),
        ("header length of 2 GB", pack(b"BAM\1" + struct.pack("<i", 2**31 - 1) + b"@HD")),
        ("negative header length", pack(b"BAM\1" + struct.pack("<i", -5) + b"@HD\tVN:1.6\n")),
        ("2 billion contigs", pack(b"BAM\1" + struct.pack("<ii", 0, 2**31 - 1))),
    ):  # fmt: skip
        yield _bytes_case(patient, name, lambda d, content=content: content, "refused")
        yield _bytes_case(
            patient, f"{name}, no index", lambda d, content=content: content, "refused", False
        )


def of_index(patient: Patient, rng: random.Random, times: int = 1) -> Iterator[Case]:
    """Yield BAMs with an index that is another's, cut, empty, flipped or missing."""
    bai = Path(f"{patient.bam}.bai")

    def with_index(name: str, change: Callable[[bytes], bytes | None], expect="either") -> Case:
        def build(folder: Path) -> list[list[str]]:
            broken = folder / f"{BROKEN}.bam"
            shutil.copy(patient.bam, broken)
            made = change(bai.read_bytes())
            if made is not None:
                Path(f"{broken}.bai").write_bytes(made)
            return patient.commands(folder, broken)

        return Case("BAM index", name, build, expect, calls)

    other = patient.cohort / "P01" / f"{SAMPLES[0]}.bam.bai"
    size = bai.stat().st_size
    yield with_index("no index (it is made)", lambda d: None, "same")
    yield with_index("index of another BAM", lambda d: other.read_bytes())
    yield with_index("empty index", lambda d: b"", "refused")
    yield with_index("index of text", lambda d: b"not an index\n", "refused")
    yield with_index("index without contigs", lambda d: b"BAI\1" + bytes(12), "refused")
    contigs = struct.unpack_from("<i", bai.read_bytes(), 4)[0]
    yield with_index(
        "index without reads",
        lambda d: b"BAI\1" + struct.pack("<i", contigs) + bytes(8 * contigs + 8), "refused",
    )  # fmt: skip
    yield with_index(
        "index with 2 billion contigs", lambda d: b"BAI\1" + struct.pack("<i", 2**31 - 1), "refused"
    )
    for fraction in (0.01, 0.2, 0.5, 0.9, 0.999):
        at = int(size * fraction)
        yield with_index(f"index cut at byte {at}", lambda d, at=at: d[:at])
    used = [i for i, byte in enumerate(bai.read_bytes()) if byte]
    for _ in range(25 * times):
        at, bit = rng.choice(used), rng.randrange(8)

        def flip(data: bytes, at: int = at, bit: int = bit) -> bytes:
            made = bytearray(data)
            made[at] ^= 1 << bit
            return bytes(made)

        yield with_index(f"bit {bit} of byte {at} of the index flipped", flip)

    def stale(folder: Path) -> list[list[str]]:
        """Index of the BAM before half of its reads came to it."""
        broken = folder / f"{BROKEN}.bam"
        rewrite(patient.bam, broken, lambda read, number: number % 2 == 0)
        old = Path(f"{broken}.bai").read_bytes()
        shutil.copy(patient.bam, broken)
        Path(f"{broken}.bai").write_bytes(old)
        return patient.commands(folder, broken)

    yield Case("BAM index", "index of the BAM before it grew", stale, "either", calls)


def _header_cases() -> Iterator[tuple[str, Callable[[dict], None], str]]:
    def contig(change: Callable[[dict], None], name: str = "chr7") -> Callable[[dict], None]:
        def apply(head: dict) -> None:
            for entry in head["SQ"]:
                if entry["SN"] == name:
                    change(entry)

        return apply

    yield "contig one base longer", contig(lambda e: e.update(LN=e["LN"] + 1)), "refused"
    yield "contig of hg38's length", contig(lambda e: e.update(LN=159345973)), "refused"
    yield "contig of another name", contig(lambda e: e.update(SN="chrSeven")), "refused"
    yield (
        "contigs without chr",
        lambda h: [e.update(SN=e["SN"].removeprefix("chr")) for e in h["SQ"]] and None,
        "refused",
    )
    yield "no read group", lambda h: h.pop("RG"), "refused"
    yield "read group without SM", lambda h: [g.pop("SM") for g in h["RG"]] and None, "refused"
    yield "empty SM", lambda h: [g.update(SM="") for g in h["RG"]] and None, "refused"
    yield "two samples", lambda h: h["RG"].append({"ID": "x", "SM": "other"}), "refused"
    yield "SM of another sample", lambda h: h["RG"][0].update(SM=SAMPLES[0]), "refused"
    yield (
        "SM with shell characters",
        lambda h: h["RG"][0].update(SM='$(touch pwned) "x"'),
        "refused",
    )
    yield "said to be unsorted", lambda h: h["HD"].update(SO="unsorted"), "refused"
    yield "said to be sorted by name", lambda h: h["HD"].update(SO="queryname"), "refused"
    yield "sort order unknown", lambda h: h["HD"].update(SO="unknown"), "same"
    yield "no @HD", lambda h: h.pop("HD"), "same"
    yield (
        "second read group of the sample",
        lambda h: h["RG"].append({"ID": "lane2", "SM": BROKEN}),
        "same",
    )
    yield "@CO with control characters", lambda h: h.update(CO=["\x01\x1b[31m<script>"]), "same"


def of_headers(patient: Patient) -> Iterator[Case]:
    """Yield BAMs whose header is wrong or strange."""
    for name, change, expect in _header_cases():

        def build(folder: Path, change=change) -> list[list[str]]:
            broken = folder / f"{BROKEN}.bam"
            rewrite(patient.bam, broken, header=change)
            return patient.commands(folder, broken)

        yield Case("BAM header", name, build, expect, calls)


def _read_cases(patient: Patient, rng: random.Random) -> Iterator[tuple[str, dict, str]]:
    def attribute(name: str, value: object) -> Callable:
        def change(read, number) -> None:
            setattr(read, name, value)

        return change

    def flag(bits: int) -> Callable:
        def change(read, number) -> None:
            read.flag |= bits

        return change

    def no_sequence(read, number) -> None:
        read.query_sequence = None

    def no_qualities(read, number) -> None:
        read.query_qualities = None

    def some_without_qualities(read, number) -> None:
        if number % 3 == 0:
            read.query_qualities = None

    def sequence_of(base: str) -> Callable:
        def change(read, number) -> None:
            qualities = read.query_qualities
            read.query_sequence = base * read.query_length
            read.query_qualities = qualities

        return change

    genome = pysam.FastaFile(str(patient.reference))

    def equals(read, number) -> None:
        """Write = for each aligned base that is the reference's, as samtools calmd -e."""
        if read.is_unmapped or not read.query_length:
            return
        bases, qualities = list(read.query_sequence), read.query_qualities
        start = read.reference_start
        near = genome.fetch(read.reference_name, start, read.reference_end).upper()
        for q, p in read.get_aligned_pairs(matches_only=True):
            if bases[q] == near[p - start]:
                bases[q] = "="
        read.query_sequence, read.query_qualities = "".join(bases), qualities

    def quality_of(value: int) -> Callable:
        def change(read, number) -> None:
            read.query_qualities = [value] * read.query_length

        return change

    def cigar(make: Callable[[int], list]) -> Callable:
        def change(read, number) -> None:
            if number % 2 == 0 and read.query_length:
                read.cigartuples = make(read.query_length)

        return change

    def sort(reads: list) -> list:
        return sorted(reads, key=lambda read: (read.reference_id % (1 << 32), read.reference_start))

    yield "no reads", {"change": lambda read, number: False}, "refused"
    yield "reads shuffled", {"order": lambda reads: rng.sample(reads, len(reads))}, "refused"
    yield (
        "two neighbours swapped",
        {"order": lambda reads: [*reads[:500], *reads[1500:2500], *reads[500:1500], *reads[2500:]]},
        "refused",
    )
    yield (
        "contigs in reverse order",
        {"order": lambda reads: sorted(reads, key=lambda r: (-r.reference_id, r.reference_start))},
        "refused",
    )
    yield (
        "each read twice (copied records)",
        {"order": lambda reads: [read for read in reads for _ in range(2)]},
        "any",
    )
    yield "one name for all", {"change": attribute("query_name", "same")}, "any"
    yield "names *", {"change": attribute("query_name", "*")}, "any"
    yield (
        "two fragments to a name",
        {"change": lambda read, number: setattr(read, "query_name", f"n{number // 4}")},
        "any",
    )
    yield "no sequence", {"change": no_sequence}, "any"
    yield "no qualities", {"change": no_qualities}, "any"
    yield "a third without qualities", {"change": some_without_qualities}, "any"
    yield "sequence of N", {"change": sequence_of("N")}, "any"
    yield (
        "sequence of = alone",
        {"change": sequence_of("="), "result": broken_sample_is_reference},
        "same",
    )
    yield "= for the reference's bases (calmd -e)", {"change": equals}, "same"
    yield "IUPAC codes", {"change": sequence_of("R")}, "any"
    for value in (0, 1, 2, 60, 93, 200, 254):
        yield f"all qualities {value}", {"change": quality_of(value)}, "any"
    for value in (0, 1, 254, 255):
        yield (
            f"all mapping qualities {value}",
            {"change": attribute("mapping_quality", value)},
            "any",
        )
    for bits, name in ((4, "unmapped, with position"), (8, "mate unmapped"), (256, "secondary"),
                       (512, "QC fail"), (1024, "duplicate"), (2048, "supplementary"),
                       (64 | 128, "first and second"), (0x8000, "unknown flag bits")):  # fmt: skip
        yield f"all {name}", {"change": flag(bits)}, "any"
    yield "no flags: not paired", {"change": attribute("flag", 0)}, "any"
    yield "mates on another contig", {"change": attribute("next_reference_id", 3)}, "any"
    yield "mates without contig", {"change": attribute("next_reference_id", -1)}, "any"
    yield "mates at position -1", {"change": attribute("next_reference_start", -1)}, "any"
    yield "template length of 2 billion", {"change": attribute("template_length", 2**31 - 1)}, "any"
    yield "template length 0", {"change": attribute("template_length", 0)}, "any"
    yield "no CIGAR", {"change": cigar(lambda n: [])}, "any"
    for name, make in (
        ("all soft-clipped", lambda n: [(4, n)]),
        ("all inserted", lambda n: [(1, n)]),
        ("deletion first", lambda n: [(2, 5), (0, n)]),
        ("deletion last", lambda n: [(0, n), (2, 5)]),
        ("insertion first", lambda n: [(1, 5), (0, n - 5)]),
        ("deletion beside insertion", lambda n: [(0, 30), (2, 3), (1, 3), (0, n - 33)]),
        ("deletion of 10 Mb", lambda n: [(0, 30), (2, 10_000_000), (0, n - 30)]),
        ("intron of 100 Mb", lambda n: [(0, 30), (3, 100_000_000), (0, n - 30)]),
        ("beyond the contig's end", lambda n: [(0, 30), (3, 260_000_000), (0, n - 30)]),
        ("of the greatest length", lambda n: [(0, 30), (3, (1 << 28) - 1), (0, n - 30)]),
        ("clip in the middle", lambda n: [(0, 30), (4, 10), (0, n - 40)]),
        ("padding", lambda n: [(0, 30), (6, 10), (0, n - 30)]),
        ("operation B", lambda n: [(0, 30), (9, 10), (0, n - 30)]),
        ("of length 0", lambda n: [(0, 0), (0, n), (2, 0), (1, 0)]),
        ("of 50 pieces", lambda n: [(0, 2), (1, 1)] * 25 + [(0, n - 75)]),
        ("longer than the read", lambda n: [(0, n + 20)]),
        ("shorter than the read", lambda n: [(0, n - 20)]),
    ):
        expect = "refused" if name in ("longer than the read", "shorter than the read") else "any"
        yield f"CIGAR {name}", {"change": cigar(make), "order": None}, expect

    def near_end(read, number) -> None:
        if read.reference_id >= 0 and number % 5 == 0:
            read.reference_start = read.header.lengths[read.reference_id] - 10

    yield "reads that reach beyond the contig's end", {"change": near_end, "sort": True}, "any"

    def beyond(read, number) -> None:
        if read.reference_id >= 0 and number % 5 == 0:
            read.reference_start = read.header.lengths[read.reference_id] + 1000

    yield "reads placed beyond the contig's end", {"change": beyond, "sort": True}, "any"
    yield (
        "reads of one base",
        {
            "change": lambda read, number: (
                setattr(read, "query_sequence", "A"),
                setattr(read, "cigartuples", [(0, 1)]),
                setattr(read, "query_qualities", [30]),
            )
        },
        "any",
    )
    yield (
        "tags of 60 kB",
        {"change": lambda read, number: read.set_tag("XX", "x" * 60_000) if number < 50 else None},
        "same",
    )
    yield "reads off target alone", {
        "change": lambda read, number: read.reference_name not in ("chr7", "chr15", "chr1", "chr17",
                                                                  "chr4", "chr10")
    }, "any"  # fmt: skip


def of_reads(patient: Patient, rng: random.Random) -> Iterator[Case]:
    """Yield BAMs whose records are whole, and wrong or strange."""
    for name, changes, expect in _read_cases(patient, rng):

        def build(folder: Path, changes=changes) -> list[list[str]]:
            broken = folder / f"{BROKEN}.bam"
            rewrite(patient.bam, broken, changes.get("change"), order=changes.get("order"))
            if changes.get("sort"):
                unsorted = folder / "unsorted.bam"
                broken.replace(unsorted)
                pysam.samtools.sort("-o", str(broken), str(unsorted))
                index(broken)
            return patient.commands(folder, broken)

        result = changes.get("result", calls)
        baseline = None if result is calls else True
        yield Case("BAM reads", name, build, expect, result, baseline)


def _cigar_length_case(patient: Patient, content: bytes, offsets: list[int], by: int) -> Case:
    """Every CIGAR's first operation is longer or shorter; the index is right all the same."""

    def build(folder: Path) -> list[list[str]]:
        broken = folder / f"{BROKEN}.bam"
        broken.write_bytes(pack(content, 0))
        pysam.samtools.index(str(broken))
        made = bytearray(content)
        for at in offsets:
            if struct.unpack_from("<H", made, at + 16)[0]:
                place = at + 36 + made[at + 12]
                operation = struct.unpack_from("<I", made, place)[0]
                struct.pack_into("<I", made, place, operation + 16 * by)
        broken.write_bytes(pack(bytes(made), 0))
        return patient.commands(folder, broken)

    longer = "longer" if by > 0 else "shorter"
    return Case("BAM records", f"CIGAR {longer} than the read, index right", build, "refused")


def of_records(patient: Patient, rng: random.Random, times: int = 1) -> Iterator[Case]:
    """Yield BAMs of which fields of records' bytes are overwritten, the checksums being right."""
    content = b"".join(unpack(patient.bam.read_bytes()))
    offsets = record_offsets(content)
    fields = {
        "block size": (0, "<i"), "contig": (4, "<i"), "position": (8, "<i"),
        "name length": (12, "<B"), "bin": (14, "<H"), "CIGAR operations": (16, "<H"),
        "flag": (18, "<H"), "sequence length": (20, "<i"), "mate's contig": (24, "<i"),
        "mate's position": (28, "<i"), "template length": (32, "<i"),
    }  # fmt: skip
    values = {"i": (-1, -(2**31), 2**31 - 1, 0, 65536), "B": (0, 1, 255), "H": (0, 1, 65535)}
    for name, (offset, kind) in fields.items():
        for value in rng.sample(values[kind[1]], min(len(values[kind[1]]), 3)):

            def overwrite(
                data: bytes, offset: int = offset, kind: str = kind, value: int = value
            ) -> bytes:
                made = bytearray(content)
                struct.pack_into(kind, made, offsets[len(offsets) // 2] + offset, value)
                return pack(bytes(made))

            yield _packed_case(patient, f"{name} of a record set to {value}", overwrite)
    yield _cigar_length_case(patient, content, offsets, 1)
    yield _cigar_length_case(patient, content, offsets, -1)
    for number in range(25 * times):
        at = [rng.randrange(offsets[0], len(content)) for _ in range(20)]
        what = [rng.randrange(256) for _ in at]

        def scatter(data: bytes, at=tuple(at), what=tuple(what)) -> bytes:
            made = bytearray(content)
            for place, value in zip(at, what, strict=True):
                made[place] = value
            return pack(bytes(made))

        yield _packed_case(patient, f"20 bytes of records overwritten ({number})", scatter)


def _packed_case(patient: Patient, name: str, change: Callable[[bytes], bytes]) -> Case:
    def build(folder: Path) -> list[list[str]]:
        broken = folder / f"{BROKEN}.bam"
        broken.write_bytes(change(b""))
        index(broken)
        return patient.commands(folder, broken)

    return Case("BAM records", name, build, "any", calls)


def baseline(patient: Patient, folder: Path) -> dict[str, str]:
    """Return the calls of the unbroken patient."""
    for argv in patient.commands(folder, patient.bam):
        status, said = run(argv, folder)
        if status != 0:
            raise SystemExit(f"the unbroken patient: {argv[0]}: {status}\n{said}")
    return calls(folder)


def cases(patient: Patient, seed: int, times: int = 1) -> Iterator[Case]:
    """Yield all."""
    yield from of_bytes(patient, random.Random(f"{seed} bytes"), times)
    yield from of_index(patient, random.Random(f"{seed} index"), times)
    yield from of_headers(patient)
    yield from of_reads(patient, random.Random(f"{seed} reads"))
    yield from of_records(patient, random.Random(f"{seed} records"), times)
