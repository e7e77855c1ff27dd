"""``resistpanel validate --pack``: packs in, results out."""

import argparse
import tempfile
from pathlib import Path

import msgspec

from resistpanel.core.bam import quiet
from resistpanel.core.errors import InputError
from resistpanel.core.schemas import write_record
from resistpanel.records import pack as records
from resistpanel.testing import pack_files, pack_score
from resistpanel.testing.dilute import dilute
from resistpanel.testing.pack import read_pack
from resistpanel.testing.pack_text import lines


def run_packs(args: argparse.Namespace) -> int:
    """Call and score every pack; 1 if a result is not as expected."""
    _check(args)
    packs = [read_pack(folder) for folder in args.pack]
    kept = True
    for pack in packs:
        with tempfile.TemporaryDirectory(prefix="resistpanel-pack-") as scratch, quiet():
            work = (args.work / pack.about.name) if args.work else Path(scratch)
            work.mkdir(parents=True, exist_ok=True)
            result = run_pack(pack, args, work)
        write_record(args.output / pack.about.name / "pack.json", result)
        for line in lines(result):
            print(line)
        kept &= result.as_expected
    return 0 if kept else 1


def run_pack(pack, args: argparse.Namespace, work: Path) -> records.Pack:
    """Return the result of one pack, diluted if asked for."""
    bams = pack_files.bams(pack, args.data, work)
    fasta = pack_files.reference(pack, args.data, args.reference, bams, work)
    inputs = pack_score.Inputs(pack, bams, fasta, work, args.threads)
    result = pack_score.result(inputs)
    if args.dilute:
        thinner = dilute(inputs, args.dilute, args.draws, args.seed)
        result = msgspec.structs.replace(result, dilution=thinner)
    return result


def _check(args: argparse.Namespace) -> None:
    for name in ("normal", "targets", "variants", "config", "directory", "patient"):
        if getattr(args, name):
            raise InputError("does not go with --pack", f"--{name}", "the pack names its files")
    if args.data and not args.data.is_dir():
        raise InputError("no such folder", f"--data {args.data}")
    if args.draws < 1:
        raise InputError("must be 1 or more", f"--draws {args.draws}")
    for af in args.dilute or ():
        if not 0 < af < 1:
            raise InputError("must be above 0 and below 1", f"--dilute {af:g}")
