"""Make a panel's files from a gene list and an annotation."""

import dataclasses
import difflib
from pathlib import Path

from resistpanel.core.errors import InputError, InputErrors
from resistpanel.core.files import read_text, write_text
from resistpanel.core.intervals import Target
from resistpanel.panel.annotation import (
    annotation_build,
    coding_transcripts,
    symbols,
    unversioned,
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
        raise InputError("the list names no gene", str(path))
    return list(wanted.values())


def choose(genes: list[Wanted], source: Path, annotation: Path) -> list[Gene]:
    """Return one coding transcript for each wanted gene.

    Raises
    ------
    InputError
        For all genes at once: a gene that the annotation lacks (the nearest symbol is
        suggested) or a transcript that is not among the gene's coding ones.
    """
    found = coding_transcripts(annotation, {gene.gene for gene in genes})
    chosen, problems = [], []
    names: set[str] | None = None
    for gene in genes:
        where = f"{source}:{gene.line}"
        if gene.gene not in found:
            names = symbols(annotation) if names is None else names
            if gene.gene in names:
                problems.append(InputError(f"gene {gene.gene} has no coding transcript", where))
                continue
            near = difflib.get_close_matches(gene.gene, sorted(names), 1)
            cure = f"did you mean {near[0]}?" if near else "give today's HGNC symbol"
            problems.append(InputError(f"no gene {gene.gene} in {annotation}", where, cure))
            continue
        models = [transcript.model() for transcript in found[gene.gene]]
        if gene.transcript is not None:
            models = [m for m in models if m.transcript == unversioned(gene.transcript)]
        if not models:
            others = ", ".join(t.name for t in found[gene.gene][:5])
            problems.append(
                InputError(
                    f"{gene.gene} has no coding transcript {gene.transcript}",
                    where,
                    f"it has {others}",
                )
            )
            continue
        chosen.append(models[0])
    if problems:
        raise InputErrors(problems)
    return chosen


def build_panel(
    genes: str | Path,
    annotation: str | Path,
    output: str | Path,
    build: str | None = None,
    extra: list[Target] | None = None,
) -> list[Gene]:
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
    list of Gene
        The chosen transcripts.
    """
    wanted = read_gene_list(genes)
    chosen = choose(wanted, Path(genes), Path(annotation))
    build = build or annotation_build(annotation)
    if build is None:
        raise InputError(
            "the header does not name the reference build", str(annotation), "give --build"
        )
    write_panel(output, chosen, build, extra or [])
    rows = [(gene.symbol, gene.transcript, gene.residues - 1) for gene in chosen]
    write_text(Path(output) / "genes.tsv", table_text(("gene", "transcript", "residues"), rows))
    return chosen
