"""The inputs of a call on a pack: named samples, indexes, and the reference."""

from pathlib import Path

import pysam

from resistpanel.core.bam import index_of, make_index, open_bam
from resistpanel.core.errors import InputError
from resistpanel.core.intervals import read_targets
from resistpanel.testing.pack import Pack, find
from resistpanel.testing.rebuild_reference import rebuild


def _one_name(path: Path) -> str | None:
    """Return the sample that the read groups name, None if they do not name just one."""
    with open_bam(path) as bam:
        groups = bam.header.to_dict().get("RG", [])
    names = {group.get("SM") for group in groups}
    return names.pop() if len(names) == 1 else None


def named(path: Path, name: str, output: Path) -> None:
    """Copy a BAM under one sample's name.

    What has neither place nor mate is left out; a missing read group is added.
    """
    with pysam.AlignmentFile(str(path)) as source:
        header = source.header.to_dict()
        header["RG"] = [{"ID": name, "SM": name}]
        with pysam.AlignmentFile(str(output), "wb", header=header) as out:
            for read in source.fetch(until_eof=True):
                read.set_tag("RG", name)
                out.write(read)
    make_index(output)


def bams(pack: Pack, data: Path | None, work: Path) -> dict[str, Path]:
    """Return BAM by role, indexed and each with its own sample name.

    Read-only folders stay as they are: what is missing is made in `work`.
    """
    given = {
        role: find(pack, name, data)
        for role in ("normal", "tumor")
        if (name := getattr(pack.about.samples, role))
    }
    names = {role: _one_name(path) for role, path in given.items()}
    same = len(set(names.values())) < len(names)
    made = {}
    for role, path in given.items():
        if names[role] and not same and index_of(path):
            made[role] = path
            continue
        made[role] = work / f"{role}.bam"
        if names[role] and not same:
            made[role].symlink_to(path.resolve())
            make_index(made[role])
        else:
            named(path, role, made[role])
    return made


def reference(pack: Pack, data: Path | None, given: Path | None, bam: dict, work: Path) -> Path:
    """Return the FASTA: the user's, the pack's, or one rebuilt from the reads."""
    if given:
        if not given.is_file():
            raise InputError("no such file", f"--reference {given}")
        return given
    if pack.about.reference not in ("rebuild", "majority"):
        found = find(pack, pack.about.reference, data)
        if Path(f"{found}.fai").is_file():
            return found
        linked = work / found.name
        linked.symlink_to(found.resolve())
        pysam.faidx(str(linked))
        return linked
    contigs = {target.chrom for target in read_targets(pack.targets())}
    for known in pack.known:
        contigs |= {end.chrom for end in known.ends or ()}
    output = work / "reference.fa.gz"
    rebuild(list(bam.values()), contigs, output, pack.about.reference == "majority")
    return output
