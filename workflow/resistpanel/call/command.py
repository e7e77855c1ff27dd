"""`resistpanel call`: arguments, and nothing else."""

import argparse
import gc
import re
import sys
from pathlib import Path

from resistpanel.core.errors import InputError
from resistpanel.core.text import counted
from resistpanel.qc.assay_given import AUTO, CHOICES, add_assay, add_umi

EXAMPLE = """example:
  resistpanel call --reference hg19.fa --targets panel.bed --normal skin.bam \\
      --tumor before.bam --tumor relapse.bam --output somatic.vcf.gz

  a panel of normals, from samples without a tumour sequenced the same way:
  resistpanel call --build-pon --reference hg19.fa --targets panel.bed \\
      --normal a.bam --normal b.bam --normal c.bam --output pon.vcf.gz
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.epilog = EXAMPLE
    parser.add_argument("--reference", required=True, help="FASTA with .fai (bgzip: and .gzi)")
    parser.add_argument("--targets", required=True, help="BED of the panel")
    parser.add_argument(
        "--normal",
        action="append",
        default=[],
        help="BAM or CRAM of the matched normal; without it, variants with an allele frequency "
        "near 0.5 or 1 are classified as germline and not called",
    )
    parser.add_argument(
        "--tumor", action="append", default=[], help="BAM or CRAM of a tumour; repeat for each"
    )
    parser.add_argument(
        "--sites",
        help="VCF of forced sites: alleles to genotype even if the reads do not propose them",
    )
    parser.add_argument("--germline", help="indexed VCF of population allele frequencies (AF)")
    parser.add_argument("--pon", help="panel of normals created by --build-pon")
    parser.add_argument(
        "--build-pon", action="store_true", help="write a panel of normals from all --normal"
    )
    parser.add_argument(
        "--padding",
        type=padding,
        help="bases added around targets (0); auto: 20, or 0 if a sample is of amplicons",
    )
    parser.add_argument("--min-mapq", type=int, default=20, help="minimum mapping quality (20)")
    parser.add_argument("--min-qual", type=int, default=12, help="minimum base quality (12)")
    parser.add_argument(
        "--primers", help="BED of an amplicon panel's primers, with strands (6 columns)"
    )
    parser.add_argument(
        "--library",
        choices=CHOICES["library"][1:],
        help="random or fixed fragment ends (default: detected from the reads)",
    )
    parser.add_argument(
        "--consensus",
        choices=CHOICES["consensus"][1:],
        help="convention of consensus reads (default: detected from the reads)",
    )
    add_umi(parser)
    add_assay(parser)
    parser.add_argument(
        "--assay-folder",
        type=Path,
        metavar="FOLDER",
        help="assay of `resistpanel assay build`: its panel of normals, primers, padding, and the "
        "error rates that are assumed before the reads are counted",
    )
    parser.add_argument("--threads", type=int, default=1, help="samples read in parallel (1)")
    parser.add_argument("--output", help="bgzipped VCF (.vcf.gz); its index is written next to it")
    parser.add_argument(
        "--counts",
        metavar="JSON",
        type=Path,
        help="also write the figures that `resistpanel qc --counts` takes, from the same pass",
    )
    parser.add_argument(
        "--shard", metavar="I/N", help="read only the I-th of N shards of the targets"
    )
    parser.add_argument("--evidence", metavar="FILE", help="output of --shard (.npz)")
    parser.add_argument(
        "--gather",
        nargs="+",
        metavar="FILE",
        help="call from the evidence of all shards, with the same other options",
    )
    parser.set_defaults(run=run)


#: Value of ``--padding`` by which the samples' libraries decide.
BY_LIBRARY = "auto"


def padding(text: str) -> int | str:
    """Parse a number of bases, or ``auto``."""
    return text if text == BY_LIBRARY else int(text)


def _shard(args: argparse.Namespace) -> tuple[int, int] | None:
    """Return (number, shards) if a share is to be read; check what goes with it."""
    if (args.shard is None) != (args.evidence is None):
        raise InputError("need each other", "--shard and --evidence")
    if args.shard is None:
        if args.gather and args.build_pon:
            raise InputError("does not go with --build-pon", "--gather")
        return None
    for given, name in ((args.output, "--output"), (args.gather, "--gather")):
        if given:
            raise InputError(f"does not go with {name}", "--shard", "it writes --evidence alone")
    if args.build_pon:
        raise InputError("does not go with --build-pon", "--shard")
    if args.counts:
        raise InputError("does not go with --shard", "--counts", "qc reads the BAMs itself")
    match = re.fullmatch(r"([1-9]\d{0,5})/([1-9]\d{0,5})", args.shard)
    if not match or int(match[1]) > int(match[2]):
        raise InputError("is no share", f"--shard {args.shard}", "give 1/4 to 4/4, for four")
    return int(match[1]), int(match[2])


def _check_outputs(args: argparse.Namespace) -> None:
    """Raise InputError where one output would replace another, or a file that is read."""
    if args.counts and args.build_pon:
        raise InputError("does not go with --build-pon", "--counts", "leave it out")
    inputs = [*args.normal, *args.tumor, *(args.gather or ()), args.reference, args.targets]
    inputs += [args.sites, args.germline, args.pon, args.primers]
    taken = {Path(one).resolve(): "a file that is read" for one in inputs if one}
    for option in ("output", "counts", "evidence"):
        if given := getattr(args, option):
            place = Path(given).resolve()
            if place in taken:
                raise InputError(f"is {taken[place]}", f"--{option} {given}", "name another file")
            taken[place] = f"that of --{option}"


def _built(args: argparse.Namespace):
    """Return the assay of ``--assay-folder`` and fill in what it sets; None without one.

    Raises
    ------
    InputError
        It is not whole, or an option states otherwise.
    """
    if args.assay_folder is None:
        return None
    from resistpanel.core.files import sha256
    from resistpanel.qc.assay_folder import (
        PANEL_OF_NORMALS,
        check_targets,
        primers_of,
        read_assay,
    )

    folder = args.assay_folder
    built = read_assay(folder)
    check_targets(folder, built, Path(args.targets))
    primers, step = primers_of(folder, built), built.settings.padding
    for name, path in (("pon", folder / PANEL_OF_NORMALS), ("primers", primers)):
        given = getattr(args, name)
        same = given and path and Path(given).is_file() and sha256(given) == sha256(path)
        if given and not same:
            raise InputError(f"is set by assay {built.title}", f"--{name} {given}", "leave it out")
        setattr(args, name, str(path) if path else None)
    step = BY_LIBRARY if step is None else step
    if args.padding not in (None, step):
        where = f"--padding {args.padding}"
        raise InputError(f"assay {built.title} has {step}", where, "leave it out")
    args.padding = step
    stated = {f"--library {args.library}": args.library}
    for sample, key, value in args.assay:
        if key == "library":
            stated[f"--assay {f'{sample}:' if sample else ''}{key}={value}"] = value
    for where, library in stated.items():
        if library not in (None, AUTO, built.kind.library):
            of = f"assay {built.title} is of {built.kind.library}"
            raise InputError(of, where, "leave it out")
    said = [(None, key, value) for key, value in sorted(built.settings.given.items())]
    args.assay = [*said, *(one for one in args.assay if one not in said)]
    return built


def run(args: argparse.Namespace) -> int:
    """Call a patient."""
    from resistpanel.call.caller import Caller, Settings, build_pon
    from resistpanel.call.header import warnings
    from resistpanel.call.io.shards import gather, save, share, stamp
    from resistpanel.core import heap
    from resistpanel.core.bam import quiet
    from resistpanel.core.bam_index import check_whole
    from resistpanel.core.contig_checksums import naming_reference
    from resistpanel.core.schemas import write_record
    from resistpanel.records.counts import Counts

    heap.keep_small()
    shard = _shard(args)
    if args.shard is None and not (args.output or "").endswith(".vcf.gz"):
        raise InputError("the output must end in .vcf.gz", f"--output {args.output or ''}".strip())
    for name, least in (("padding", 0), ("min_mapq", 0), ("min_qual", 0), ("threads", 1)):
        value = getattr(args, name)
        if isinstance(value, int) and value < least:
            raise InputError(f"must be {least} or more", f"--{name.replace('_', '-')} {value}")
    _check_outputs(args)
    if args.build_pon and (args.tumor or len(args.normal) < 2):
        raise InputError("needs two or more --normal and no --tumor", "--build-pon")
    if not args.build_pon and not args.tumor:
        raise InputError("none given", "--tumor", "give one or more")
    if not args.build_pon and len(args.normal) > 1:
        raise InputError(f"{len(args.normal)} given", "--normal", "a patient has one")
    built = _built(args)
    settings = Settings(
        reference=args.reference,
        targets=args.targets,
        tumors=args.normal if args.build_pon else args.tumor,
        normal=args.normal[0] if args.normal and not args.build_pon else None,
        sites=args.sites,
        germline=args.germline,
        pon=args.pon,
        padding=None if args.padding == BY_LIBRARY else args.padding or 0,
        threads=args.threads,
        min_mapq=args.min_mapq,
        min_qual=args.min_qual,
        primers=args.primers,
        library=args.library,
        consensus=args.consensus,
        umi=None if args.umi == AUTO else args.umi,
        assay=args.assay,
        built=built,
    )
    # Few objects are in cycles, and what was imported stays: collect seldom, and not that.
    gc.freeze()
    gc.set_threshold(100_000)
    with quiet(), naming_reference(args.reference):
        for path in (*args.normal, *args.tumor) if not args.gather else ():
            check_whole(Path(path))
        if args.build_pon:
            number = build_pon(settings, args.output)
            recur = "recurs" if number == 1 else "recur"
            print(f"{counted(number, 'allele')} {recur} in {counted(len(args.normal), 'normal')}")
        else:
            caller = Caller(settings)
            if shard:
                found = caller.read(share(caller.chunks, *shard))
                save(args.evidence, found, stamp(caller), *shard)
                return 0
            if args.gather:
                caller.use_evidence(gather(args.gather, caller))
            elif args.counts:
                caller.count()
            result = caller.run(args.output)
            texts, counts = warnings(result), caller.counts
            if args.counts:
                names = [s.name for s in caller.samples]
                # The figures of an exome's targets take as much memory as its candidates did.
                del caller, result
                heap.release()
                none = Counts("resistpanel/counts/1", ())
                write_record(args.counts, counts.record(names) if counts else none)
            for text in texts:
                print(f"resistpanel: warning: {text}", file=sys.stderr)
    return 0
