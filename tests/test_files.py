"""Files that cannot be read are named, whichever command they are given to."""

import ast
import os

import pysam
import pytest

from resistpanel.core.errors import InputError
from resistpanel.core.files import HOME, open_fasta, read_json
from resistpanel.core.intervals import read_targets

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
