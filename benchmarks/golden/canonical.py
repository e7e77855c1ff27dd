"""Results in a form in which equal results are equal files.

JSON: sorted keys, floats of 10 significant digits, no dates, versions and command lines. VCF:
text, header lines of the run (dates, versions, commands) without their values. TSV, MAF and text:
as they are. Absolute paths are reduced to their file name everywhere.
"""

import gzip
import hashlib
import json
import re
import struct
from collections.abc import Iterator
from pathlib import Path

#: Significant digits of a float.
DIGITS = 10
#: JSON keys whose value is that of the run, not of the result. Compared in lower case. `bytes`
#: are sizes of intermediate files, which hold paths.
VOLATILE_KEYS = frozenset(
    {"date", "created", "generated", "timestamp", "version", "versions", "revision", "command",
     "bytes"}
)  # fmt: skip
#: Keys that end so hold digests of files, whose bytes vary with the version that wrote them.
VOLATILE_ENDS = ("sha256", "md5", "checksum", "mtime")
VOLATILE = "(not compared)"
#: VCF header lines of the run.
VOLATILE_HEADER = re.compile(
    r"^##([^=]*(?:version|command|date|source|cmdline)[^=]*)=", re.IGNORECASE
)
#: The version of the format itself is part of the result.
FORMAT_LINE = "##fileformat="
#: An absolute path of two names or more that is not part of a word or of a URL.
ABSOLUTE = re.compile(r"(?<![\w./:>*)\]-])/(?:[\w.+@=~-]+/)+([\w.+@=~-]+)")
TABLES = (".tsv", ".maf", ".txt", ".bed")


def scrub(text: str) -> str:
    """Reduce the absolute paths in `text` to their file names."""
    return ABSOLUTE.sub(r"\1", text)


def canonical(value, key: str = ""):
    """Return a JSON value without what belongs to the run.

    Parameters
    ----------
    value : object
        As `json.loads` returns it.
    key : str
        Key under which it was found.
    """
    name = key.lower()
    if value is not None and (name in VOLATILE_KEYS or name.endswith(VOLATILE_ENDS)):
        return VOLATILE
    if isinstance(value, dict):
        return {scrub(k): canonical(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [canonical(item) for item in value]
    if isinstance(value, float):
        rounded = float(f"{value:.{DIGITS}g}")
        # 1 and 1.0 are the same number.
        return int(rounded) if rounded.is_integer() and abs(rounded) < 2**53 else rounded
    return scrub(value) if isinstance(value, str) else value


def canonical_json(text: str) -> str:
    """Return a JSON document in canonical form."""
    value = canonical(json.loads(text))
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def canonical_vcf(text: str) -> str:
    """Return a VCF with the run's header lines reduced to their names, records as they are."""
    lines = []
    for line in text.splitlines():
        if line.startswith("##"):
            match = VOLATILE_HEADER.match(line)
            if match and not line.startswith(FORMAT_LINE):
                line = f"##{match[1]}={VOLATILE}"
            line = scrub(line)
        lines.append(line)
    return "\n".join(lines) + "\n"


def canonical_file(path: Path) -> tuple[str, str] | None:
    """Return the suffix and the text of a result in canonical form; None if it is none of ours."""
    name = path.name
    if name.endswith(".json"):
        return ".json", canonical_json(path.read_text())
    if name.endswith((".vcf", ".vcf.gz")):
        opener = gzip.open if name.endswith(".gz") else open
        with opener(path, "rt") as lines:
            return ".vcf", canonical_vcf(lines.read())
    if name.endswith(TABLES):
        return path.suffix, scrub(path.read_text())
    return None


def collect(source: Path, target: Path, leave_out: tuple[str, ...] = ()) -> int:
    """Write the canonical form of every result under `source` to `target`; return their number.

    Folders of `leave_out` (relative to `source`) and hidden files are left out.
    """
    count = 0
    for path in sorted(source.rglob("*")):
        parts = path.relative_to(source).parts
        if not path.is_file() or parts[0] in leave_out or any(p.startswith(".") for p in parts):
            continue
        made = canonical_file(path)
        if made is None:
            continue
        suffix, text = made
        stem = path.name.removesuffix(".gz").removesuffix(suffix)
        out = target.joinpath(*parts[:-1], stem + suffix)
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text)
        count += 1
    return count


def _skip_header(stream) -> None:
    """Read a BAM's header and reference names."""
    magic, length = struct.unpack("<4si", stream.read(8))
    if magic != b"BAM\1":
        raise ValueError("not a BAM")
    stream.read(length)
    (contigs,) = struct.unpack("<i", stream.read(4))
    for _ in range(contigs):
        (length,) = struct.unpack("<i", stream.read(4))
        stream.read(length + 4)


def _blocks(stream, size: int = 1 << 20) -> Iterator[bytes]:
    while block := stream.read(size):
        yield block


def reads_digest(bam: Path) -> str:
    """Return a digest of a BAM's records; its header, which holds commands, is not in it."""
    digest = hashlib.blake2b(digest_size=16)
    with gzip.open(bam, "rb") as stream:
        _skip_header(stream)
        for block in _blocks(stream):
            digest.update(block)
    return digest.hexdigest()
