"""BAM records as bytes, many at a time (SAM/BAM specification, section 4.2)."""

import numpy as np

#: 4-bit codes of A, C, G, T, N.
NIBBLES = np.array([1, 2, 4, 8, 15], np.uint8)
MATCH, INSERTION, DELETION, SOFT_CLIP = 0, 1, 2, 4
SUPPLEMENTARY = 0x800
PAIRED, PROPER, UNMAPPED, MATE_UNMAPPED = 1, 2, 4, 8
REVERSE, MATE_REVERSE, FIRST, SECOND, DUPLICATE = 16, 32, 64, 128, 1024
NAME_DIGITS = 12
#: Records that are made at a time, to bound the memory.
CHUNK = 50_000
_CORE = np.dtype(
    [
        ("block_size", "<i4"),
        ("ref_id", "<i4"),
        ("pos", "<i4"),
        ("l_read_name", "u1"),
        ("mapq", "u1"),
        ("bin", "<u2"),
        ("n_cigar", "<u2"),
        ("flag", "<u2"),
        ("l_seq", "<i4"),
        ("next_ref_id", "<i4"),
        ("next_pos", "<i4"),
        ("tlen", "<i4"),
    ]
)


def bins(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Return the BAI bin of each 0-based half-open interval (``reg2bin``)."""
    last = end - 1
    found = np.zeros(len(start), np.int64)
    for shift, offset in ((26, 1), (23, 9), (20, 73), (17, 585), (14, 4681)):
        same = (start >> shift) == (last >> shift)
        found = np.where(same, offset + (start >> shift), found)
    return found


def _names(prefix: bytes, number: np.ndarray) -> np.ndarray:
    """Return names (prefix, digits, NUL) as a byte matrix: one row per number."""
    digits = number[:, None] // 10 ** np.arange(NAME_DIGITS - 1, -1, -1, dtype=np.int64) % 10
    names = np.zeros((len(number), len(prefix) + NAME_DIGITS + 1), np.uint8)
    names[:, : len(prefix)] = np.frombuffer(prefix, np.uint8)
    names[:, len(prefix) : -1] = digits + ord("0")
    return names


def _umi_tags(reads: dict[str, np.ndarray]) -> np.ndarray:
    """Return the tags RX and zm, the true molecule and strand as ``12/A``: uint8 (reads, bytes)."""
    count = len(reads["umi"])
    names = _names(b"", reads["molecule"])[:, :-1]
    strand = (reads["strand"] + ord("A")).astype(np.uint8)[:, None]

    def fixed(text: bytes) -> np.ndarray:
        return np.broadcast_to(np.frombuffer(text, np.uint8), (count, len(text)))

    parts = [fixed(b"RXZ"), reads["umi"], fixed(b"\0zmZ"), names, fixed(b"/"), strand, fixed(b"\0")]
    return np.concatenate(parts, axis=1)


def encode_reads(reads: dict[str, np.ndarray], prefix: str, read_group: str) -> bytes:
    """Return the BAM records of reads on one contig, sorted by position.

    Parameters
    ----------
    reads : dict of str to array
        Per read, in any order: ``codes`` and ``qualities`` (reads, length); ``cigar``
        (reads, operations) uint32 with 0 for no operation, trailing; ``pos``, ``end``,
        ``flag``, ``mapq``, ``mate_pos``, ``tlen``, ``ref_id``, ``number``, ``mismatches``; with
        UMIs also ``umi`` (ASCII, written as RX), ``molecule`` and ``strand`` (the true ones,
        written as zm).
        Unmapped reads have no operation and their mate's position.
    prefix : str
        Of the read names; `number` makes the rest.
    read_group : str
        Written as RG tag.
    """
    order = np.argsort(reads["pos"], kind="stable")
    operations = (reads["cigar"] != 0).sum(axis=1)
    count, length = reads["codes"].shape
    nibbles = NIBBLES[reads["codes"]]
    if length % 2:
        nibbles = np.pad(nibbles, ((0, 0), (0, 1)))
    packed = nibbles[:, ::2] << 4 | nibbles[:, 1::2]
    names = _names(prefix.encode(), reads["number"])
    tags = np.frombuffer(b"RGZ" + read_group.encode() + b"\0NMC\0", np.uint8)
    more = _umi_tags(reads) if "umi" in reads else np.zeros((count, 0), np.uint8)
    fixed = _CORE.itemsize + names.shape[1] + packed.shape[1] + length
    fixed += more.shape[1] + len(tags)
    sizes = fixed + 4 * operations
    core = np.zeros(count, _CORE)
    core["block_size"] = sizes - 4
    core["pos"], core["flag"], core["mapq"] = reads["pos"], reads["flag"], reads["mapq"]
    core["ref_id"] = core["next_ref_id"] = reads["ref_id"]
    core["l_read_name"] = names.shape[1]
    core["bin"] = bins(reads["pos"].astype(np.int64), reads["end"].astype(np.int64))
    core["n_cigar"], core["l_seq"] = operations, length
    core["next_pos"], core["tlen"] = reads["mate_pos"], reads["tlen"]
    core = core.view(np.uint8).reshape(count, _CORE.itemsize)

    width = int(operations.max(initial=0))
    parts = [core, names, reads["cigar"][:, :width], packed, reads["qualities"], more]
    found = []
    for first in range(0, count, CHUNK):
        rows = order[first : first + CHUNK]
        made = np.empty((len(rows), fixed + 4 * width), np.uint8)
        at = 0
        for part in parts:
            some = np.ascontiguousarray(part[rows])
            if some.dtype != np.uint8:
                some = some.astype("<u4", copy=False).view(np.uint8)
            made[:, at : at + some.shape[1]] = some
            at += some.shape[1]
        made[:, at:] = tags
        made[:, -1] = np.minimum(reads["mismatches"][rows], 255)
        # Records of fewer operations are shorter.
        kept = np.ones(made.shape, bool)
        cigar = core.shape[1] + names.shape[1]
        shown = np.arange(4 * width) < 4 * operations[rows, None]
        kept[:, cigar : cigar + 4 * width] = shown
        found.append(made.tobytes() if shown.all() else made[kept].tobytes())
    return b"".join(found)


def header(lengths: dict[str, int], sample: str, version: str) -> bytes:
    """Return the bytes of a BAM header for one sample, which is also its read group."""
    lines = ["@HD\tVN:1.6\tSO:coordinate"]
    lines += [f"@SQ\tSN:{name}\tLN:{length}" for name, length in lengths.items()]
    lines.append(f"@RG\tID:{sample}\tSM:{sample}\tLB:{sample}\tPL:ILLUMINA")
    lines.append(f"@PG\tID:resistpanel\tPN:resistpanel simulate\tVN:{version}")
    text = ("\n".join(lines) + "\n").encode()
    out = [b"BAM\1", len(text).to_bytes(4, "little"), text, len(lengths).to_bytes(4, "little")]
    for name, length in lengths.items():
        raw = name.encode() + b"\0"
        out += [len(raw).to_bytes(4, "little"), raw, length.to_bytes(4, "little")]
    return b"".join(out)
