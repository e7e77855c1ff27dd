"""Whether two runs ended with the same bytes.

    python -m benchmarks.reliability.same FIRST SECOND

Everything under two result folders is compared byte by byte, but for logs and benchmarks, which
hold times, and for what says where and when a run took place: the runs are to be made with
SOURCE_DATE_EPOCH set, and the folders' own paths are masked.
"""

import argparse
import gzip
import hashlib
import sys
from pathlib import Path

#: Folders that hold times, or input that is not the run's own.
LEFT_OUT = ("logs", "benchmarks", "simulate", ".resistpanel")
#: Pages of an earlier run, kept under a mark.
OUTDATED = ("report", "outdated")


def content(path: Path, mask: tuple[str, ...]) -> bytes:
    """Return a file's bytes; of bgzip what is in it, as its masked paths change its packing."""
    data = path.read_bytes()
    if path.suffix == ".gz":
        data = gzip.decompress(data)
    for folder in mask:
        data = data.replace(folder.encode(), b"FOLDER")
    return data


def digests(results: Path, masked: bool = True) -> dict[str, str]:
    """Return the SHA-256 of every file of a run by its path under the results folder."""
    mask = (str(results.absolute()), str(results.absolute().parent)) if masked else ()
    found = {}
    for path in sorted(results.rglob("*")):
        name = path.relative_to(results)
        if path.is_file() and name.parts[0] not in LEFT_OUT and name.parts[:2] != OUTDATED:
            found[str(name)] = hashlib.sha256(content(path, mask)).hexdigest()
    return found


def differences(first: Path, second: Path, masked: bool = True) -> list[str]:
    """Return the files that differ or stand on one side alone, with temporary files left over.

    Not masked: for runs at one place, of which the first has been moved away.
    """
    a, b = digests(first, masked), digests(second, masked)
    if not a:
        raise SystemExit(f"{first}: no results")
    return sorted(name for name in a.keys() | b.keys() if a.get(name) != b.get(name))


def main() -> int:
    """Print what differs; the exit status is 1 if anything does."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    args = parser.parse_args()
    differ = differences(args.first, args.second)
    for name in differ:
        print(f"differs: {name}")
    print(f"{len(digests(args.first))} files, {len(differ)} differ")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
