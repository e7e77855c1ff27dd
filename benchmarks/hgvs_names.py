"""Our HGVS names against those of biocommons hgvs, on random variants of real transcripts.

    python -m benchmarks.hgvs_names export names.json --seed 5     in the project's environment
    python benchmarks/hgvs_names.py compare names.json             in one that has `hgvs`

`export` draws variants of ten genes in the hg38 windows (SNVs, MNVs, deletions, insertions,
duplications, deletion-insertions; within coding exons and 12 bases of their introns) and names
them. `compare` needs no more than the file and the package hgvs (1.5.7 was used), whose data
provider is made from the same transcripts, normalises each variant along the transcript, names it,
and classifies every difference. The exit status is 1 if one is not explained.
"""

import argparse
import collections
import csv
import json
import random
import re
import sys
from pathlib import Path

GENES = ["ARID1A", "BRCA1", "BRCA2", "EGFR", "KIT", "MTOR", "PIK3R1", "TERT", "TET2", "VHL"]
FLANK = 12
KINDS = ("SNV", "SNV", "SNV", "SNV", "DEL", "DEL", "INS", "DUP", "MNV", "DELINS")


# --- export: in the project's environment ------------------------------------------------------


def transcripts(contigs: list[str]) -> dict[str, dict]:
    """Return canonical transcripts by gene: window, strand, exons and coding range (0-based)."""
    from benchmarks import genome

    path = genome.SHARED / "real" / "hg38_windows" / "exons.tsv"
    found: dict[str, dict] = {}
    with path.open() as table:
        for row in csv.DictReader(table, delimiter="\t"):
            if row["gene"] not in GENES or row["canonical"] != "1":
                continue
            gene = found.setdefault(
                row["gene"],
                {"transcript": row["transcript"], "strand": int(row["strand"]), "exons": [],
                 "coding": [int(row["coding_start"]) - 1, int(row["coding_end"])]},
            )  # fmt: skip
            gene["exons"].append([int(row["exon_start"]) - 1, int(row["exon_end"])])
    chroms = {
        line.split("\t")[3].split("|")[0]: line.split("\t")[0]
        for line in (genome.SHARED / "facts" / "panel_cds_hg38.bed").read_text().splitlines()
    }
    for name, gene in found.items():
        gene["exons"].sort()
        low, high = gene["exons"][0][0], gene["exons"][-1][1]
        contig, start, _ = genome.to_contig(chroms[name], low, high, contigs)
        shift = start - low
        gene["contig"] = contig
        gene["exons"] = [[a + shift, b + shift] for a, b in gene["exons"]]
        gene["coding"] = [x + shift for x in gene["coding"]]
    return found


def coding_parts(gene: dict) -> list[tuple[int, int]]:
    """Return the coding parts of the exons."""
    low, high = gene["coding"]
    parts = [(max(a, low), min(b, high)) for a, b in gene["exons"]]
    return [(a, b) for a, b in parts if a < b]


def draw(rng: random.Random, gene: dict, bases: str, origin: int) -> tuple[int, str, str]:
    """Draw a variant: position (0-based), REF, ALT without common ends where that can be."""

    def fetch(start, end):
        return bases[start - origin : end - origin]

    part = rng.choices(coding_parts(gene), [b - a for a, b in coding_parts(gene)])[0]
    at = rng.randrange(part[0], part[1])
    if rng.random() < 0.2:
        at = rng.choice(part) + rng.randint(-FLANK, FLANK)
    kind, size = rng.choice(KINDS), min(int(rng.expovariate(0.2)) + 1, 40)
    if kind == "SNV":
        ref = fetch(at, at + 1)
        return at, ref, rng.choice([b for b in "ACGT" if b != ref])
    if kind == "DEL":
        return at, fetch(at, at + size), ""
    if kind == "INS":
        return at, "", "".join(rng.choices("ACGT", k=size))
    if kind == "DUP":
        return at, "", fetch(at - size, at)
    size = rng.randint(2, 3) if kind == "MNV" else rng.randint(2, 9)
    new = size if kind == "MNV" else rng.randint(1, 9)
    return at, fetch(at, at + size), "".join(rng.choices("ACGT", k=new))


def export(output: Path, seed: int, number: int) -> None:
    """Draw the variants, name them, and write them with the transcripts and their sequence."""
    import pysam

    from benchmarks import genome
    from resistpanel.annotate.effect import effect
    from resistpanel.annotate.transcript import Transcript
    from resistpanel.panel.genes import Gene

    rng = random.Random(seed)
    with pysam.FastaFile(str(genome.reference())) as fasta:
        genes = transcripts(list(fasta.references))
        for gene in genes.values():
            gene["origin"] = max(gene["exons"][0][0] - 2000, 0)
            gene["bases"] = fasta.fetch(
                gene["contig"], gene["origin"], gene["exons"][-1][1] + 2000
            ).upper()
    rows = []
    while len(rows) < number:
        name = rng.choice(sorted(genes))
        gene = genes[name]
        origin, bases = gene["origin"], gene["bases"]
        at, ref, alt = draw(rng, gene, bases, origin)
        if ref == alt:
            continue
        model = Gene(
            name, gene["transcript"], gene["contig"], "+" if gene["strand"] > 0 else "-",
            coding_parts(gene),
        )  # fmt: skip

        def fetch(_, start, end, bases=bases, origin=origin):
            return bases[max(start - origin, 0) : max(end - origin, 0)]

        found = effect(Transcript(model, fetch), at, ref, alt)
        rows.append({
            "gene": name, "pos": at, "ref": ref, "alt": alt, "c": found.hgvs_c, "p": found.hgvs_p,
            "terms": list(found.terms),
        })  # fmt: skip
    output.write_text(json.dumps({"seed": seed, "genes": genes, "variants": rows}))
    print(f"{len(rows)} variants of {len(genes)} genes", file=sys.stderr)


# --- compare: where the package hgvs is installed ----------------------------------------------


def provider(genes: dict[str, dict]):
    """Return a data provider of hgvs for the transcripts; a gene's contig is ``NC_00000N.1``."""
    from hgvs.dataproviders.interface import Interface

    class Local(Interface):
        required_version = "1.1"

        def __init__(self):
            self.genome, self.of = {}, {}
            for number, (name, gene) in enumerate(sorted(genes.items()), 1):
                contig = f"NC_{number:06d}.1"
                gene["ac"], gene["tx"] = contig, f"NM_{number:06d}.1"
                self.genome[contig], self.of[gene["tx"]] = gene, gene
                gene["name"] = name
                gene["rna"] = self._rna(gene)
            super().__init__()

        def _rna(self, gene):
            at = gene["origin"]
            text = "".join(gene["bases"][a - at : b - at] for a, b in gene["exons"])
            return text if gene["strand"] > 0 else reverse_complement(text)

        def data_version(self):
            return "1"

        def schema_version(self):
            return "1.1"

        def get_assembly_map(self, assembly_name):
            return {ac: ac for ac in self.genome}

        def get_seq(self, ac, start_i=None, end_i=None):
            if ac in self.of:
                return self.of[ac]["rna"][start_i:end_i]
            gene = self.genome[ac]
            start, end = start_i or 0, end_i
            return gene["bases"][start : len(gene["bases"]) if end is None else end]

        def get_tx_exons(self, tx_ac, alt_ac, alt_aln_method):
            gene = self.of[tx_ac]
            order = gene["exons"] if gene["strand"] > 0 else gene["exons"][::-1]
            found, done = [], 0
            for n, (a, b) in enumerate(order):
                found.append({
                    "tx_exon_id": n, "ord": n, "tx_start_i": done, "tx_end_i": done + b - a,
                    "alt_start_i": a - gene["origin"], "alt_end_i": b - gene["origin"],
                    "alt_strand": gene["strand"], "cigar": f"{b - a}=", "tx_ac": tx_ac,
                    "alt_ac": alt_ac, "alt_aln_method": alt_aln_method,
                    "hgnc": gene["name"], "alt_exon_id": n, "exon_aln_id": n,
                    "tx_aseq": None, "alt_aseq": None, "tx_exon_set_id": 1, "alt_exon_set_id": 1,
                })  # fmt: skip
                done += b - a
            return sorted(found, key=lambda exon: exon["alt_start_i"])

        def _coding(self, gene):
            low, high = gene["coding"]
            inside = [(a, b) for a, b in gene["exons"]]
            before = sum(max(0, min(b, low) - a) for a, b in inside)
            after = sum(max(0, b - max(a, high)) for a, b in inside)
            total = sum(b - a for a, b in inside)
            return (before, total - after) if gene["strand"] > 0 else (after, total - before)

        def get_tx_info(self, tx_ac, alt_ac, alt_aln_method):
            start, end = self._coding(self.of[tx_ac])
            return {"hgnc": self.of[tx_ac]["name"], "cds_start_i": start, "cds_end_i": end,
                    "tx_ac": tx_ac, "alt_ac": alt_ac, "alt_aln_method": alt_aln_method}  # fmt: skip

        def get_tx_identity_info(self, tx_ac):
            gene = self.of[tx_ac]
            start, end = self._coding(gene)
            order = gene["exons"] if gene["strand"] > 0 else gene["exons"][::-1]
            return {"tx_ac": tx_ac, "alt_ac": tx_ac, "alt_aln_method": "transcript",
                    "cds_start_i": start, "cds_end_i": end, "lengths": [b - a for a, b in order],
                    "hgnc": gene["name"], "translation_table": 1}  # fmt: skip

        def get_tx_mapping_options(self, tx_ac):
            return [{"tx_ac": tx_ac, "alt_ac": self.of[tx_ac]["ac"], "alt_aln_method": "splign"}]

        def get_pro_ac_for_tx_ac(self, tx_ac):
            return tx_ac.replace("NM", "NP")

        def get_acs_for_protein_seq(self, seq):
            return ["NP_000000.1"]

        def get_gene_info(self, gene):
            return None

        def get_similar_transcripts(self, tx_ac):
            return []

        def get_tx_for_gene(self, gene):
            return []

        def get_tx_for_region(self, alt_ac, alt_aln_method, start_i, end_i):
            return []

        def get_alignments_for_region(self, alt_ac, start_i, end_i, alt_aln_method=None):
            return []

    return Local()


def reverse_complement(bases: str) -> str:
    """Return the other strand's bases, 5' to 3'."""
    return bases.translate(str.maketrans("ACGT", "TGCA"))[::-1]


def genomic(contig: str, start: int, ref: str, alt: str) -> str:
    """Return the g. name of a variant as it is, without moving it (`start` 0-based)."""
    where = f"{start + 1}" if len(ref) == 1 else f"{start + 1}_{start + len(ref)}"
    if ref and alt:
        change = f"{ref}>{alt}" if len(ref) == len(alt) == 1 else f"delins{alt}"
        return f"{contig}:g.{where}{change}"
    if ref:
        return f"{contig}:g.{where}del"
    return f"{contig}:g.{start}_{start + 1}ins{alt}"


class Other:
    """Names by biocommons hgvs."""

    def __init__(self, genes: dict[str, dict]):
        import hgvs.normalizer
        import hgvs.parser
        import hgvs.variantmapper

        self.genes = genes
        self.hdp = provider(genes)
        self.parser = hgvs.parser.Parser()
        self.mapper = hgvs.variantmapper.VariantMapper(self.hdp)
        self.normal = {
            strand: hgvs.normalizer.Normalizer(
                self.hdp, shuffle_direction=way, cross_boundaries=True, validate=False,
                variantmapper=self.mapper,
            )
            for strand, way in ((1, 3), (-1, 5))
        }  # fmt: skip

    def names(self, row: dict) -> tuple[str, str | None]:
        """Return the c. and p. names, without accession and brackets."""
        gene = self.genes[row["gene"]]
        start = row["pos"] - gene["origin"]
        text = genomic(gene["ac"], start, row["ref"], row["alt"])
        g = self.normal[gene["strand"]].normalize(self.parser.parse_hgvs_variant(text))
        c = self.mapper.g_to_c(g, gene["tx"], alt_aln_method="splign")
        try:
            p = str(self.mapper.c_to_p(c)).split(":")[1]
        except NotImplementedError as error:
            p = f"not implemented: {error}"
        return str(c).split(":")[1], p.replace("(", "").replace(")", "")


def plain_c(name: str) -> str:
    """Return a c. name without the bases that may follow ``del`` and ``dup``."""
    return re.sub(r"(del|dup|inv)[ACGT]+$", r"\1", re.sub(r"del[ACGT]+ins", "delins", name))


def compare(path: Path) -> int:
    """Print every difference by its explanation; return how many have none."""
    data = json.loads(path.read_text())
    other = Other(data["genes"])
    same = collections.Counter()
    why: dict[str, list] = collections.defaultdict(list)
    for row in data["variants"]:
        try:
            c, p = other.names(row)
        except Exception as error:  # what the other tool refuses is a difference, too
            why[f"refused: {type(error).__name__}"].append((row, str(error), ""))
            continue
        if plain_c(c) == row["c"]:
            same["c"] += 1
        else:
            why["c.: not explained"].append((row, c, p))
        if (row["p"] is None and p in ("p.?", "p.=")) or p == row["p"]:
            same["p"] += 1
        else:
            why[f"p.: {explained_p(row, c, p, data['genes'][row['gene']])}"].append((row, c, p))
    number = len(data["variants"])
    print(f"{number} variants: {same['c']} c. names and {same['p']} p. names are the same")
    for reason, rows in sorted(why.items(), key=lambda item: -len(item[1])):
        print(f"\n{len(rows)}  {reason}")
        for row, c, p in rows[:3]:
            print(f"    {row['gene']} {row['pos'] + 1} {row['ref'] or '-'}>{row['alt'] or '-'}: "
                  f"ours {row['c']} {row['p']}; hgvs {c} {p}")  # fmt: skip
    return sum(len(rows) for reason, rows in why.items() if "not explained" in reason)


def placements(row: dict, gene: dict) -> tuple[int, int]:
    """Return the first and the last 0-based start at which an indel gives the same sequence."""
    bases, low = gene["bases"], row["pos"] - gene["origin"]
    high, cut = low, len(row["ref"])
    unit = row["ref"] or row["alt"]
    if row["ref"] and row["alt"]:
        return row["pos"], row["pos"]
    left = right = unit
    while low and bases[low - 1] == left[-1]:
        left, low = left[-1] + left[:-1], low - 1
    while high + cut < len(bases) and bases[high + cut] == right[0]:
        right, high = right[1:] + right[0], high + 1
    return low + gene["origin"], high + gene["origin"]


def explained_p(row: dict, c: str, p: str, gene: dict) -> str:
    """Return why two p. names differ, by conditions that are tested on the row."""
    ours = row["p"] or ""
    indel = len(row["ref"]) != len(row["alt"])
    if p == "p.?" and indel and re.search(r"\d[+-]\d", c):
        return (
            "the indel can be placed in the exon or in the intron, where the 3' rule names it; "
            "the splice site is as it was, and ours is the protein of the exon"
        )
    low, high = placements(row, gene)
    ends = {x for exon in gene["exons"] for x in exon}
    if p == "p.?" and not row["ref"] and any(low <= end <= high for end in ends):
        return "an insertion at the border of an exon: hgvs takes it for intronic, ours for exonic"
    several = re.fullmatch(r"p\.\[([A-Z][a-z]{2}\d+)\D+;(?:.*;)?([A-Z][a-z]{2}\d+)\D+\]", ours)
    if several and p.startswith(f"p.{several[1]}_{several[2]}delins"):
        return "residues that are not neighbours are named one by one, as HGVS asks for"
    if (
        re.fullmatch(r"p\.[A-Z][a-z]{2}\d+_[A-Z][a-z]{2}\d+=", ours)
        and p == f"{ours.split('_')[0]}="
    ):
        return "several residues that stay the same: hgvs names the first"
    if ours.endswith("Ter") and p.startswith(ours):
        return "hgvs names residues behind a new stop, which HGVS leaves out"
    if re.fullmatch(r"p\.(Ter\d+)?=", ours) and re.fullmatch(r"p\.Ter\d+Ter", p):
        return "a stop codon that stays one: HGVS writes ="
    coding = gene["coding"]
    start = coding[0] if gene["strand"] > 0 else coding[1]
    if not ours and indel and low <= start <= high:
        return "the indel can be placed before the start codon, which is as it was"
    last = sum(b - a for a, b in coding_parts(gene)) // 3 - 1
    if re.fullmatch(rf"p\.[A-Z][a-z]+{last}del", ours) and p == ours[:-3] + "Ter":
        return "the last residue is deleted: hgvs names the stop in its place"
    if ours == "p.Met1?" and c.startswith("c.-"):
        return "the start codon is replaced: hgvs reads on from the new bases"
    return "not explained"


def main(argv: list[str] | None = None) -> int:
    """Run one of the two steps."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    steps = parser.add_subparsers(dest="step", required=True)
    first = steps.add_parser("export")
    first.add_argument("file", type=Path)
    first.add_argument("--seed", type=int, default=1)
    first.add_argument("--variants", type=int, default=2000)
    steps.add_parser("compare").add_argument("file", type=Path)
    args = parser.parse_args(argv)
    if args.step == "export":
        export(args.file, args.seed, args.variants)
        return 0
    return int(bool(compare(args.file)))


if __name__ == "__main__":
    sys.exit(main())
