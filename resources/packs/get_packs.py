#!/usr/bin/env python3
"""Get the reads of the packs from their public repositories, at pinned commits.

    python resources/packs/get_packs.py --data reads                # all packs
    python resources/packs/get_packs.py --data reads colo829 revmut # some
    python resources/packs/get_packs.py --data reads --clones DIR   # from local clones: owner/name

Every file is checked against the SHA-256 of its pack. Nothing is kept of a file that differs.
Reads stay under the licence of their repository, and some are of patients: do not pass them on.
"""

import argparse
import hashlib
import subprocess
import sys
import urllib.parse
import urllib.request
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent
RAW = "https://raw.githubusercontent.com"
TIMEOUT = 120  # seconds


def url_of(repository: str, commit: str, path: str) -> str:
    """Return the address of a file at a commit."""
    return f"{RAW}/{repository}/{commit}/{urllib.parse.quote(path)}"


def content(repository: str, commit: str, path: str, clones: Path | None) -> bytes:
    """Return a file: from a local clone, or by HTTPS."""
    if clones:
        clone = clones / repository
        done = subprocess.run(
            ["git", "-C", str(clone), "show", f"{commit}:{path}"], capture_output=True
        )
        if done.returncode:
            raise OSError(done.stderr.decode(errors="replace").strip())
        return done.stdout
    with urllib.request.urlopen(url_of(repository, commit, path), timeout=TIMEOUT) as answer:
        return answer.read()


def get(folder: Path, data: Path, clones: Path | None) -> list[str]:
    """Get one pack's files; returns what could not be had, a line each."""
    about = yaml.safe_load((folder / "pack.yaml").read_text(encoding="utf-8"))
    origin, failed = about["origin"], []
    for name, source in about["files"].items():
        place = data / about["name"] / name
        if place.is_file() and hashlib.sha256(place.read_bytes()).hexdigest() == source["sha256"]:
            continue
        if not source.get("path"):
            failed.append(f"{about['name']}: {name} is in no repository; see notes in pack.yaml")
            continue
        repository = source.get("repository") or origin["repository"]
        commit = source.get("commit") or origin["commit"]
        try:
            found = content(repository, commit, source["path"], clones)
        except OSError as error:
            failed.append(f"{about['name']}: {name}: {error}")
            continue
        if hashlib.sha256(found).hexdigest() != source["sha256"]:
            failed.append(f"{about['name']}: {name} has another SHA-256 than its pack says")
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(found)
        print(f"{place}  {len(found):,} bytes")
    return failed


def main(argv: list[str] | None = None) -> int:
    """Get the packs that are named, or all; 1 if a file is missing."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("packs", nargs="*", help="names (default: all)")
    parser.add_argument("--data", type=Path, required=True, help="folder to write")
    parser.add_argument("--clones", type=Path, help="folder of local clones, as owner/name")
    args = parser.parse_args(argv)
    folders = sorted(path.parent for path in HERE.glob("*/pack.yaml"))
    known = {folder.name for folder in folders}
    if unknown := set(args.packs) - known:
        print(
            f"no pack {sorted(unknown)[0]}; there are {', '.join(sorted(known))}", file=sys.stderr
        )
        return 2
    chosen = [f for f in folders if not args.packs or f.name in args.packs]
    failed = [line for folder in chosen for line in get(folder, args.data, args.clones)]
    for line in failed:
        print(f"not had: {line}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
