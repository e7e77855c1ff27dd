"""The identity of a file: its state, which is read at once, and its content, which is hashed.

A state that is unchanged means content that is unchanged, short of a file system that reports
neither times nor inodes; a state that has changed means that the content is hashed and compared.
"""

import dataclasses
import hashlib
import os
from pathlib import Path
from typing import Any

#: Bytes up to which a file is hashed whole. Text inputs and panels' BAMs of tests are below it.
WHOLE = 32 << 20
#: The same for files that many patients share, which are hashed once in a run: a genome of 3.2 GB.
WHOLE_SHARED = 4 << 30
#: Number and bytes of the blocks that stand for a larger file: 8 MiB, evenly spread from its first
#: to its last byte. An edit that keeps the size and is between two blocks is not seen.
BLOCKS, BLOCK = 128, 1 << 16
#: Bytes at the start of a file that belong to its state: the header of a BAM, or its start.
HEAD = 1 << 16
#: What Snakemake leaves in a folder that is an output.
TIMESTAMP = ".snakemake_timestamp"
#: Bytes of a digest: the chance that two of 10**9 files agree is below 10**-29.
DIGEST = 20


@dataclasses.dataclass(frozen=True)
class State:
    """What is known of a file without reading it whole.

    Attributes
    ----------
    size : int
        Bytes.
    mtime_ns, ctime_ns : int
        When content and inode were changed, in ns. The second cannot be set by `touch` or `cp -p`.
    inode : int
    head : str
        Digest of the first `HEAD` bytes; empty where only the rest was asked for.
    """

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    head: str = ""

    def same(self, other: "State | None") -> bool:
        """Return whether nothing speaks of a change between two states."""
        if other is None:
            return False
        return (
            self.size == other.size
            and self.mtime_ns == other.mtime_ns
            and self.ctime_ns == other.ctime_ns
            and self.inode == other.inode
            and (not self.head or not other.head or self.head == other.head)
        )


def state(path: str | Path, head: bool = False) -> State | None:
    """Return a file's or folder's state; None if there is none that can be read."""
    try:
        found = os.stat(path)  # noqa: PTH116
        digest = ""
        if head and not os.path.isdir(path):  # noqa: PTH112 (a thousand patients: no Path each)
            with open(path, "rb", buffering=0) as handle:  # noqa: PTH123
                digest = hashlib.blake2b(handle.read(HEAD), digest_size=8).hexdigest()
    except OSError:
        return None
    return State(found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, digest)


def content(path: str | Path, whole: int = WHOLE) -> str | None:
    """Return the digest of what a file, or all files of a folder, hold; None if there is none.

    Parameters
    ----------
    path : path
    whole : int
        Bytes up to which the file is read whole; of a larger one `BLOCKS` blocks stand for it.

    Returns
    -------
    str
        Begins with how it was made, so that digests of one kind alone are compared.
    """
    path = Path(path)
    try:
        if path.is_dir():
            return _folder(path, whole)
        with path.open("rb", buffering=0) as handle:
            size = os.fstat(handle.fileno()).st_size
            digest = hashlib.blake2b(f"{size}\n".encode(), digest_size=DIGEST)
            if size <= whole:
                while piece := handle.read(1 << 20):
                    digest.update(piece)
                return f"whole:{digest.hexdigest()}"
            for number in range(BLOCKS):
                handle.seek(number * (size - BLOCK) // (BLOCKS - 1))
                digest.update(handle.read(BLOCK))
            return f"blocks:{digest.hexdigest()}"
    except OSError:
        return None


def _folder(path: Path, whole: int) -> str:
    digest = hashlib.blake2b(digest_size=DIGEST)
    for inner in sorted(inner for inner in path.rglob("*") if inner.is_file()):
        if inner.name == TIMESTAMP:
            continue
        digest.update(f"{inner.relative_to(path)}\0{content(inner, whole)}\n".encode())
    return f"folder:{digest.hexdigest()}"


def of_value(value: Any) -> str:
    """Return the digest of a JSON value, independent of the order of its keys."""
    import json

    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=DIGEST).hexdigest()
