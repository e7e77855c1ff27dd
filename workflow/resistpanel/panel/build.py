"""Make a panel's files from a gene list and an annotation."""

import dataclasses
import difflib
from pathlib import Path

from resistpanel.core.errors import InputError, InputErrors
from resistpanel.core.files import read_text, write_text
from resistpanel.core.intervals import Target
from resistpanel.panel.aliases import plain, resolve, todays
from resistpanel.panel.annotation import (
    SELENOPROTEINS,
    Transcript,
    annotation_build,
    coding_transcripts,
    symbols,
    unversioned,
    version_of,
)
from resistpanel.panel.genes import Gene
from resistpanel.panel.write import table_text, write_panel


@dataclasses.dataclass(frozen=True)
class Wanted:
    """A line of the gene list."""

    gene: str
    transcript: str | None
    line: int


def read_gene_list(path: str | Path) -> list[Wanted]:
    """Read a gene list: a symbol per line, optionally a transcript in the second column.

    Columns are separated by white space, ``#`` begins a comment, and a first line that starts
    with the word ``gene`` is a header, so a panel's genes.tsv is a gene list too.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError("no such file", str(path), "give a list of gene symbols")
    wanted: dict[str, Wanted] = {}
    for number, line in enumerate(read_text(path).splitlines(), 1):
        words = line.split("#")[0].split()
        if not words or (not wanted and words[0].lower() == "gene"):
            continue
        transcript = words[1] if len(words) > 1 and words[1] != "." else None
        if words[0] in wanted:
            raise InputError(
                f"gene {words[0]} is listed twice (first on line {wanted[words[0]].line})",
                f"{path}:{number}",
                "list each gene once",
            )
        wanted[words[0]] = Wanted(words[0], transcript, number)
    if not wanted:
        raise InputError("the list contains no genes", str(path))
    return list(wanted.values())


@dataclasses.dataclass(frozen=True)
class Chosen:
    """The transcript of a gene, by which rule it was chosen, and what there is to say of it."""

    gene: Gene
    rule: str
    notes: tuple[str, ...] = ()

    def line(self) -> str:
        """Return it in one line."""
        refseq = f" ({self.gene.refseq})" if self.gene.refseq else ""
        residues = self.gene.residues - 1
        return (
            f"{self.gene.symbol}: {self.gene.versioned}{refseq}, {residues} residues, {self.rule}"
        )


def choose(genes: list[Wanted], source: Path, annotation: Path) -> list[Chosen]:
    """Return one coding transcript for each wanted gene.

    A gene may be given by a previous or an alias symbol of HGNC, in any case (`aliases`).

    Raises
    ------
    InputError
        For all genes at once: a gene that the annotation lacks (the nearest symbol is
        suggested), one that is given by two names, or a transcript that is not among the gene's
        coding ones.
    """
    found = coding_transcripts(annotation, {gene.gene for gene in genes})
    names: dict[str, str | None] = {gene.gene: gene.gene for gene in genes if gene.gene in found}
    known: set[str] = set()
    if len(names) < len(genes):
        known = symbols(annotation)
        names |= {g.gene: resolve(g.gene, known) for g in genes if g.gene not in found}
        found |= coding_transcripts(annotation, {n for n in names.values() if n and n not in found})
    chosen, problems = [], []
    taken: dict[str, Wanted] = {}
    for gene in genes:
        where = f"{source}:{gene.line}"
        name = names[gene.gene]
        try:
            if name is not None and name in taken:
                raise InputError(
                    f"gene {name} is listed twice (as {taken[name].gene} on line "
                    f"{taken[name].line})",
                    where,
                    "list each gene once",
                )
            if name is None or name not in found:
                raise _absent(gene, name, known, annotation, where)
            taken[name] = gene
            chosen.append(_chosen(gene, name, found[name], where))
        except InputError as error:
            problems.append(error)
    if problems:
        raise InputErrors(problems)
    return chosen


def _absent(
    gene: Wanted, name: str | None, known: set[str], annotation: Path, where: str
) -> InputError:
    if name is not None:
        return InputError(f"gene {gene.gene} has no coding transcript", where)
    near = difflib.get_close_matches(gene.gene, sorted(known), 1)
    cure = f"did you mean {near[0]}?" if near else "give today's HGNC symbol"
    return InputError(f"no gene {gene.gene} in {annotation}", where, cure)


def _chosen(gene: Wanted, name: str, transcripts: list[Transcript], where: str) -> Chosen:
    rule = transcripts[0].rule(len(transcripts) - 1)
    if gene.transcript is not None:
        rule = "as listed"
        mine = [t for t in transcripts if t.name == unversioned(gene.transcript)]
        if not mine:
            others = ", ".join(t.name for t in transcripts[:5])
            raise InputError(
                f"{gene.gene} has no coding transcript {gene.transcript}",
                where,
                f"it has {others}",
            )
        transcripts = mine
    best = transcripts[0].model()
    notes = []
    wanted = version_of(gene.transcript or "")
    if wanted and best.version and wanted != best.version:
        notes.append(f"version {wanted} was listed, the annotation has {best.version}")
    # The catalogue and the report know genes by today's symbols.
    symbol = name if name == gene.gene else todays(gene.gene)
    if symbol == gene.gene and plain(symbol) == plain(name):
        symbol = name
    if symbol != gene.gene:
        notes.append(f"{gene.gene} is {symbol}")
    if symbol != name:
        notes.append(f"{name} in the annotation")
    best = dataclasses.replace(best, symbol=symbol)
    if symbol in SELENOPROTEINS and not best.selenocysteines:
        notes.append(
            "the annotation does not give its selenocysteine codon: protein changes will not be "
            "named"
        )
    return Chosen(best, rule, tuple(notes))


def build_panel(
    genes: str | Path,
    annotation: str | Path,
    output: str | Path,
    build: str | None = None,
    extra: list[Target] | None = None,
) -> list[Chosen]:
    """Write ``genes.tsv``, ``<build>.bed`` and ``<build>.gff3`` into the folder `output`.

    Parameters
    ----------
    genes, annotation, output : path
        Gene list (`read_gene_list`); GTF or GFF3; folder.
    build : str, optional
        Name of the reference build; read off the annotation's header if not given.
    extra : list of Target, optional
        Further targets for the BED, e.g. promoters.

    Returns
    -------
    list of Chosen
        The transcripts, each with the rule by which it was chosen.
    """
    wanted = read_gene_list(genes)
    chosen = choose(wanted, Path(genes), Path(annotation))
    build = build or annotation_build(annotation)
    if build is None:
        raise InputError(
            "the header does not name the reference build", str(annotation), "give --build"
        )
    write_panel(output, [one.gene for one in chosen], build, extra or [])
    columns = ("gene", "transcript", "residues", "refseq", "rule")
    rows = [
        (g.symbol, g.versioned, g.residues - 1, g.refseq or ".", one.rule)
        for one in chosen
        for g in (one.gene,)
    ]
    write_text(Path(output) / "genes.tsv", table_text(columns, rows))
    return chosen
