"""Files that cannot be read are named, whichever command they are given to."""

import ast
import gzip
import os

import pysam
import pytest

from resistpanel.core.errors import InputError
from resistpanel.core.files import HOME, check_whole, open_fasta, read_json
from resistpanel.core.intervals import read_targets
from resistpanel.core.vcf import CallVcf

#: Modules that open a FASTA with findings of their own.
OWN = {
    "align/sample.py",
    "annotate/csq.py",
    "catalog/command.py",
    "inputs/reference.py",
    "extras/count_codons.py",
}


def junk(path, kind):
    """Make something that is no input at a path."""
    if kind == "empty":
        path.write_bytes(b"")
    elif kind == "junk":
        path.write_bytes(os.urandom(2000))
    elif kind == "folder":
        path.mkdir()
    return path


@pytest.mark.parametrize("kind", ["missing", "empty", "junk", "folder"])
@pytest.mark.parametrize("name", ["r.fa", "r.fa.gz"])
def test_no_fasta(tmp_path, name, kind):
    with pytest.raises(InputError, match=r"r\.fa"):
        open_fasta(junk(tmp_path / name, kind))


def test_a_fasta(tmp_path):
    (tmp_path / "r.fa").write_text(">c\nACGT\n")
    with open_fasta(tmp_path / "r.fa") as fasta:
        assert isinstance(fasta, pysam.FastaFile) and fasta.fetch("c") == "ACGT"


@pytest.mark.parametrize("kind", ["missing", "empty", "junk", "folder"])
@pytest.mark.parametrize("read", [read_json, read_targets])
def test_no_text(tmp_path, read, kind):
    with pytest.raises(InputError, match="given"):
        read(junk(tmp_path / "given", kind))


def test_every_fasta_is_opened_where_its_faults_are_told():
    package = HOME / "workflow" / "resistpanel"
    for path in package.rglob("*.py"):
        name = path.relative_to(package).as_posix()
        calls = [
            node
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pysam.FastaFile"
        ]
        assert not calls or name in OWN | {"core/files.py"}, name


def cut_at_a_block(path, text):
    """Write text bgzipped, without its last two blocks: it unpacks without an error."""
    plain = path.with_suffix(".txt")
    plain.write_text(text)
    pysam.tabix_compress(str(plain), str(path), force=True)
    data, starts = path.read_bytes(), []
    while not starts or starts[-1] < len(data):
        at = starts[-1] if starts else 0
        starts.append(at + int.from_bytes(data[at + 16 : at + 18], "little") + 1)
    path.write_bytes(data[: starts[-3]])
    assert len(gzip.decompress(path.read_bytes())) < len(text)
    return path


TRUNCATED = r"truncated \(its end-of-file block is missing\); copy or recreate it"


def test_a_text_that_ends_between_two_blocks_is_truncated(tmp_path):
    rows = "".join(f"chr1\t{i}\t{i + 1}\tt{i * 7919 % 10007}\n" for i in range(0, 40000, 2))
    path = cut_at_a_block(tmp_path / "t.bed.gz", rows)
    with pytest.raises(InputError, match=TRUNCATED):
        read_targets(path)


def test_a_vcf_that_ends_between_two_blocks_is_truncated(tmp_path):
    """Without the check its last alleles are missing, and nothing says so."""
    header = "##fileformat=VCFv4.2\n##contig=<ID=chr1>\n"
    header += "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    rows = "".join(f"chr1\t{i}\t{i * 7919 % 10007}\tA\tC\t.\t.\t.\n" for i in range(1, 20000))
    path = cut_at_a_block(tmp_path / "x.vcf.gz", header + rows)
    with pytest.raises(InputError, match=TRUNCATED):
        CallVcf(path, formats=())
    # What is compressed by gzip has no such block.
    path.write_bytes(gzip.compress((header + rows).encode()))
    check_whole(path)
