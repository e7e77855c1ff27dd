"""A cBioPortal study folder of a cohort: mutations, copy number, clinical data, timeline.

Files and fields after cBioPortal's docs/File-Formats.md. Samples without a mutation are in the
case list of sequenced samples, so that they count as examined.
"""

import re
from collections.abc import Collection
from pathlib import Path

from resistpanel.core.errors import InputError
from resistpanel.core.files import write_text
from resistpanel.core.intervals import read_targets
from resistpanel.core.text import counted
from resistpanel.core.vocabulary import TUMOR_ROLES
from resistpanel.panel.genes import load_genes
from resistpanel.report.maf import maf, rows
from resistpanel.report.structural import junctions
from resistpanel.report.tsv import field

IDENTIFIER = re.compile(r"[A-Za-z0-9._-]+")
CALLS = {"deletion": -2, "loss": -1, "neutral": 0, "gain": 1, "amplification": 2}


class Study:
    """Collects patients; `write` writes the folder.

    Parameters
    ----------
    identifier : str
        cancer_study_identifier: letters, digits, point, underscore, hyphen.
    genes : collection of str
        Symbols of the genes that were sequenced. Without them, cBioPortal counts every gene as
        sequenced in every sample.
    """

    def __init__(self, identifier: str, genes: Collection[str] = ()):
        if not IDENTIFIER.fullmatch(identifier):
            raise InputError(
                f"study identifier {identifier!r} is not allowed by cBioPortal",
                cure="use letters, digits, point, underscore and hyphen",
            )
        self.identifier = identifier
        self.genes = sorted(genes)
        self.mutations: list[dict] = []
        self.junctions: list[dict] = []
        self.samples: list[dict] = []
        self.patients: list[dict] = []
        self.specimens: list[dict] = []
        self.treatments: list[dict] = []
        self.copies: dict[str, dict[str, int | None]] = {}
        self.builds: set[str] = set()

    def add(self, report: dict, where: str) -> None:
        """Add a patient.

        Raises
        ------
        InputError
            A name that cBioPortal does not allow, a sample that another patient has, or another
            build than that of the patients before.
        """
        patient = report["patient"]
        tumors = [s for s in report["compare"]["samples"] if s["role"] in TUMOR_ROLES]
        known = {s["SAMPLE_ID"] for s in self.samples}
        for name in (patient, *(s["sample"] for s in tumors)):
            if not IDENTIFIER.fullmatch(name):
                raise InputError(
                    f"{name!r} is not allowed by cBioPortal",
                    where=where,
                    cure="use letters, digits, point, underscore and hyphen in names",
                )
        for s in tumors:
            if s["sample"] in known:
                raise InputError(f"sample {s['sample']!r} is in two patients", where=where)
        self.mutations += rows(report)
        self.junctions += junctions(report)
        self.builds.add(report["build"])
        if len(self.builds) > 1:
            raise InputError(
                f"patients of {' and '.join(sorted(self.builds))} in one study",
                where=where,
                cure="make one study for each build",
            )
        self._clinical(report, patient, tumors)
        self._timeline(report, patient)
        for name, sample in ((report["copynumber"] or {}).get("samples") or {}).items():
            self.copies[name] = {
                g["gene"]: CALLS.get(g["call"]) for g in sample["genes"] if not g.get("no_gene")
            }

    def _clinical(self, report: dict, patient: str, tumors: list[dict]) -> None:
        verdict = report["resist"]["verdict"]
        labels = {f["variant"]: f["label"] for f in report["resist"]["findings"]}
        self.patients.append({
            "PATIENT_ID": patient,
            "SEX": {"male": "Male", "female": "Female"}.get(report["sheet"]["sex"], "Unknown"),
            "RESISTANCE_VERDICT": verdict["kind"], "RESISTANCE_CONFIDENCE": verdict["confidence"],
            "RESISTANCE_ALTERATIONS": ", ".join(labels.get(i, i) for i in verdict["key_variants"]),
        })  # fmt: skip
        quality = {s["sample"]: s for s in report["qc"]["samples"]}
        for s in tumors:
            self.samples.append({
                "PATIENT_ID": patient, "SAMPLE_ID": s["sample"],
                "CANCER_TYPE": report["sheet"]["disease"] or "Unknown",
                "SAMPLE_TYPE": {"pre": "Pre-treatment", "post": "Recurrence"}.get(s["timepoint"]),
                "TIMEPOINT": s["timepoint"], "DAY": s["day"], "LESION": s["lesion"],
                "TUMOR_PURITY": s["purity"]["value"],
                "MEAN_DEPTH": quality[s["sample"]]["mean_depth"],
            })  # fmt: skip

    def _timeline(self, report: dict, patient: str) -> None:
        names = {d["given"]: d for d in report["sheet"]["drugs"]}
        previous = 0.0
        for s in report["sheet"]["samples"]:
            if s["role"] not in TUMOR_ROLES or s["day"] is None:
                continue
            self.specimens.append({
                "PATIENT_ID": patient, "START_DATE": round(s["day"]), "STOP_DATE": None,
                "EVENT_TYPE": "SPECIMEN", "SAMPLE_ID": s["sample"], "SPECIMEN_SITE": s["lesion"],
            })  # fmt: skip
            for given in s["drugs"]:
                drug = names.get(given)
                self.treatments.append({
                    "PATIENT_ID": patient, "START_DATE": round(previous),
                    "STOP_DATE": round(s["day"]), "EVENT_TYPE": "TREATMENT",
                    "TREATMENT_TYPE": "Medical Therapy", "SUBTYPE": "Targeted Therapy",
                    "AGENT": drug["drug"] if drug else given,
                    "AGENT_CLASS": ", ".join(drug["classes"]) if drug else None,
                })  # fmt: skip
            previous = max(previous, s["day"])

    def files(self) -> dict[str, str]:
        """Return the files of the folder by name."""
        sid = self.identifier
        samples = [s["SAMPLE_ID"] for s in self.samples]
        found = {
            "meta_study.txt": meta(
                type_of_cancer="mixed", cancer_study_identifier=sid, name=f"resistpanel: {sid}",
                description=f"Acquired resistance in {len(self.patients)} patients",
                add_global_case_list="true", reference_genome=next(iter(self.builds)),
            ),
            "meta_clinical_patient.txt": meta(
                cancer_study_identifier=sid, genetic_alteration_type="CLINICAL",
                datatype="PATIENT_ATTRIBUTES", data_filename="data_clinical_patient.txt",
            ),
            "data_clinical_patient.txt": clinical(self.patients, {}),
            "meta_clinical_sample.txt": meta(
                cancer_study_identifier=sid, genetic_alteration_type="CLINICAL",
                datatype="SAMPLE_ATTRIBUTES", data_filename="data_clinical_sample.txt",
            ),
            "data_clinical_sample.txt": clinical(
                self.samples, dict.fromkeys(("DAY", "TUMOR_PURITY", "MEAN_DEPTH"), "NUMBER")
            ),
            "meta_mutations.txt": meta(
                cancer_study_identifier=sid, genetic_alteration_type="MUTATION_EXTENDED",
                datatype="MAF", stable_id="mutations", show_profile_in_analysis_tab="true",
                profile_name="Mutations", profile_description="Somatic calls of the panel",
                data_filename="data_mutations.txt", variant_classification_filter="",
                namespaces="RESISTPANEL",
            ),
            "data_mutations.txt": maf(self.mutations),
            "case_lists/cases_sequenced.txt": cases(sid, "sequenced", samples, "Sequenced"),
        }  # fmt: skip
        if self.junctions:
            found["data_sv.txt"] = table(self.junctions)
            found["meta_sv.txt"] = meta(
                cancer_study_identifier=sid, genetic_alteration_type="STRUCTURAL_VARIANT",
                datatype="SV", stable_id="structural_variants", data_filename="data_sv.txt",
                show_profile_in_analysis_tab="true", profile_name="Structural variants",
                profile_description="Somatic junctions of the panel",
            )  # fmt: skip
            found["case_lists/cases_sv.txt"] = cases(sid, "sv", samples, "Structural variants")
        if self.copies:
            genes = sorted({g for calls in self.copies.values() for g in calls})
            names = [n for n in samples if n in self.copies]
            lines = ["\t".join(["Hugo_Symbol", *names])]
            for gene in genes:
                values = [self.copies[n].get(gene) for n in names]
                lines.append("\t".join([gene, *("NA" if v is None else str(v) for v in values)]))
            found["data_cna.txt"] = "\n".join(lines) + "\n"
            found["meta_cna.txt"] = meta(
                cancer_study_identifier=sid, genetic_alteration_type="COPY_NUMBER_ALTERATION",
                datatype="DISCRETE", stable_id="cna", show_profile_in_analysis_tab="true",
                profile_name="Copy number", data_filename="data_cna.txt",
                profile_description="-2 deletion, -1 loss, 0 neutral, 1 gain, 2 amplification",
            )  # fmt: skip
            found["case_lists/cases_cna.txt"] = cases(sid, "cna", names, "With copy number")
            found["case_lists/cases_cnaseq.txt"] = cases(
                sid, "cnaseq", names, "Sequenced, with copy number"
            )
        if self.genes:
            found |= self._gene_panel(samples)
        for name, events in (("specimen", self.specimens), ("treatment", self.treatments)):
            if events:
                found[f"data_timeline_{name}.txt"] = table(events)
                found[f"meta_timeline_{name}.txt"] = meta(
                    cancer_study_identifier=sid, genetic_alteration_type="CLINICAL",
                    datatype="TIMELINE", data_filename=f"data_timeline_{name}.txt",
                )  # fmt: skip
        return found

    def _gene_panel(self, samples: list[str]) -> dict[str, str]:
        """Return the gene panel, and the matrix that says which sample it is of.

        cBioPortal loads the panel before the study (``importGenePanel.pl``).
        """
        sid = self.identifier
        panel = f"{sid}_panel"
        profiles = ["mutations", *(["cna"] if self.copies else [])]
        matrix = [
            {"SAMPLE_ID": name}
            | {p: panel if p == "mutations" or name in self.copies else "NA" for p in profiles}
            for name in samples
        ]
        return {
            f"gene_panel_{panel}.txt": meta(
                stable_id=panel, gene_list="\t".join(self.genes),
                description=f"Targeted sequencing of {counted(len(self.genes), 'gene')}",
            ),
            "data_gene_matrix.txt": table(matrix),
            "meta_gene_matrix.txt": meta(
                cancer_study_identifier=sid, genetic_alteration_type="GENE_PANEL_MATRIX",
                datatype="GENE_PANEL_MATRIX", data_filename="data_gene_matrix.txt",
            ),
        }  # fmt: skip

    def write(self, folder: str | Path) -> None:
        """Write the folder; files of another run that are not written again stay."""
        for name, text in self.files().items():
            write_text(Path(folder) / name, text)


def panel_genes(gff3: str | Path, targets: str | Path | None = None) -> set[str]:
    """Return the symbols of a panel's genes, those with coding bases on the targets if given."""
    genes = load_genes(gff3)
    if targets is None:
        return set(genes)
    spans: dict[str, list] = {}
    for target in read_targets(targets):
        spans.setdefault(target.chrom, []).append(target)
    return {
        name
        for name, gene in genes.items()
        if any(t.start < end and start < t.end
               for t in spans.get(gene.chrom, ()) for start, end in gene.cds)
    }  # fmt: skip


def meta(**fields: str) -> str:
    """Return a meta file."""
    return "".join(f"{key}: {value}\n" for key, value in fields.items())


def table(records: list[dict]) -> str:
    """Return records as a TSV."""
    names = list(records[0])
    lines = ["\t".join(names), *("\t".join(field(r[n]) for n in names) for r in records)]
    return "\n".join(lines) + "\n"


def clinical(records: list[dict], kinds: dict[str, str]) -> str:
    """Return clinical data with its four lines on the attributes."""
    names = list(records[0])
    titles = [name.replace("_", " ").capitalize() for name in names]
    head = [titles, titles, [kinds.get(n, "STRING") for n in names], ["1"] * len(names)]
    return "".join("#" + "\t".join(line) + "\n" for line in head) + table(records)


def cases(study: str, suffix: str, samples: list[str], name: str) -> str:
    """Return a case list."""
    return meta(
        cancer_study_identifier=study, stable_id=f"{study}_{suffix}", case_list_name=name,
        case_list_description=f"{name} ({counted(len(samples), 'sample')})",
        case_list_ids="\t".join(samples),
    )  # fmt: skip
