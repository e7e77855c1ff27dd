"""HL7 FHIR R4 bundle of a report, by the profiles of Genomics Reporting 3.0.0 (STU3).

Codes are those of the guide's sources (github.com/HL7/genomics-reporting, tag 3.0.0-published) and
of the LOINC answer lists that it binds.
"""

import functools
import uuid
from collections.abc import Iterator

from resistpanel.core.builds import with_chr
from resistpanel.core.files import HOME
from resistpanel.core.sequences import chromosomes
from resistpanel.core.tables import read_tsv
from resistpanel.core.text import with_confidence
from resistpanel.core.vocabulary import TUMOR_ROLES
from resistpanel.report.parts import state_words
from resistpanel.report.review import amendments, decisions_of, review_given

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
HGVS = "http://varnomen.hgvs.org"
HGNC = "http://www.genenames.org"
REFSEQ = "http://www.ncbi.nlm.nih.gov/refseq"
#: Identifiers of VRS alleles, as GA4GH's mapping of VRS to FHIR names their system.
VRS = "https://w3id.org/ga4gh/schema/vrs/2.0.1/json/Allele#properties/id"
ENSEMBL = "http://www.ensembl.org"
SEQUENCE_ONTOLOGY = "http://www.sequenceontology.org"
GUIDE = "http://hl7.org/fhir/uv/genomics-reporting"
TBD = f"{GUIDE}/CodeSystem/tbd-codes-cs"
#: Namespace of the identifiers: the same report gives the same bundle.
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, GUIDE)
HGNC_IDS = HOME / "resources" / "hgnc" / "genes.tsv"

#: Codes of observations and of their components: code, display.
REPORT = ("51969-4", "Genetic analysis report")
VARIANT = ("69548-6", "Genetic variant assessment")
GENE = ("48018-6", "Gene studied [ID]")
ASSEMBLY = ("62374-4", "Human reference sequence assembly version")
CHROMOSOME = ("48000-4", "Chromosome")
CODING = ("48004-6", "DNA change (c.HGVS)")
PROTEIN = ("48005-3", "Amino acid change (pHGVS)")
TRANSCRIPT = ("51958-7", "Transcript reference sequence [ID]")
CHANGE_TYPE = ("48019-4", "DNA change type")
SOURCE_CLASS = ("48002-0", "Genomic source class")
FREQUENCY = ("81258-6", "Sample VAF")
READ_DEPTH = ("82121-5", "Allelic read depth")
COPIES = ("82155-3", "Genomic structural variant copy number")
REF_ALLELE = ("69547-8", "Ref nucleotide")
ALT_ALLELE = ("69551-0", "Alt allele")
COORDINATES = ("92822-6", "Genomic coord system")
GENOMIC_SEQUENCE = ("48013-7", "Genomic reference sequence ID")
VARIATION_CODE = ("81252-9", "Discrete genetic variant")
START_END = ("81254-5", "Genomic allele start-end")
MEDICATION = ("51963-7", "Medication assessed")
CONTEXT = ("81259-4", "Associated phenotype")
LEVEL = ("93044-6", "Level of Evidence")
#: Answers.
PRESENT = ("LA9633-4", "Present")
SEQUENCING = ("LA26398-0", "Sequencing")
SOMATIC = ("LA6684-0", "Somatic")
UNKNOWN_ORIGIN = ("LA18197-6", "Unknown genomic origin")
ONE_BASED = ("LA30102-0", "1-based character counting")
BUILDS = {"hg19": ("LA14029-5", "GRCh37"), "hg38": ("LA26806-2", "GRCh38")}
RESISTANT = ("LA6676-6", "Resistant")
PRESUMED_RESISTANT = ("LA9660-7", "Presumed resistant")
RESPONSIVE = ("LA6677-4", "Responsive")
#: Levels of evidence that are of patients.
IN_PATIENTS = ("clinical", "case report")
#: LOINC answer list LL2938-0, chromosomes 1 to 22, X and Y.
CHROMOSOME_CODES = (
    "LA21254-0", "LA21255-7", "LA21256-5", "LA21257-3", "LA21258-1", "LA21259-9",
    "LA21260-7", "LA21261-5", "LA21262-3", "LA21263-1", "LA21264-9", "LA21265-6",
    "LA21266-4", "LA21267-2", "LA21268-0", "LA21269-8", "LA21270-6", "LA21271-4",
    "LA21272-2", "LA21273-0", "LA21274-8", "LA21275-5", "LA21276-3", "LA21277-1",
)  # fmt: skip
CHROMOSOMES = {
    f"chr{name}": code
    for name, code in zip((*range(1, 23), "X", "Y"), CHROMOSOME_CODES, strict=True)
}
#: Sequence Ontology terms of changes of copies.
COPY_CHANGES = {
    "amplification": ("SO:0001742", "copy_number_gain"),
    "deletion": ("SO:0001743", "copy_number_loss"),
}
RESEARCH = "Research use only: not a medical device, not validated for diagnosis."


@functools.cache
def hgnc_ids() -> dict[str, str]:
    """Return the HGNC ids that are known, by gene symbol."""
    return {row["gene"]: row["hgnc_id"] for _, row in read_tsv(HGNC_IDS, ("gene", "hgnc_id"))}


def coded(code: tuple[str, str], system: str = LOINC) -> dict:
    """Return a CodeableConcept with one coding."""
    return {"coding": [{"system": system, "code": code[0], "display": code[1]}]}


def component(code: tuple[str, str], system: str = LOINC, **value: object) -> dict:
    """Return a component of an Observation; `value` is its ``value[x]``."""
    return {"code": coded(code, system), **value}


def concept(text: str, system: str, code: str | None = None) -> dict:
    """Return a CodeableConcept of a code that is its name, or has its name as display."""
    coding = {"system": system, "code": code or text}
    return {"coding": [coding | ({"display": text} if code else {})]}


def quantity(value: float, unit: str) -> dict:
    """Return a Quantity without dimension."""
    return {"value": value, "unit": unit, "system": UCUM, "code": "1"}


class Bundle:
    """Makes the bundle of one report.

    Parameters
    ----------
    report : dict
        report.json.
    """

    def __init__(self, report: dict):
        self.report = report
        self.findings = {f["variant"]: f for f in report["resist"]["findings"]}
        self.decided = decisions_of(report)
        self.samples = [s for s in report["sheet"]["samples"] if s["role"] in TUMOR_ROLES]
        self.entries: list[dict] = []
        #: References to the observations of a finding, by its id.
        self.observed: dict[str, list[str]] = {}

    def reference(self, *words: str) -> str:
        """Return the address of a resource, the same for the same patient and words."""
        return uuid.uuid5(NAMESPACE, "\0".join((self.report["patient"], *words))).urn

    def add(self, resource: dict, *words: str) -> str:
        """Add a resource; return its address."""
        address = self.reference(*words)
        identifier = address.removeprefix("urn:uuid:")
        kind = resource.pop("resourceType")
        made = {"resourceType": kind, "id": identifier, **resource}
        self.entries.append({"fullUrl": address, "resource": made})
        return address

    def made(self) -> dict:
        """Return the bundle: patient, specimens, observations, the report."""
        sheet = self.report["sheet"]
        person = {"resourceType": "Patient", "identifier": [{"value": self.report["patient"]}]}
        self.subject = {
            "reference": self.add(
                person | ({"gender": sheet["sex"]} if sheet["sex"] else {}), "patient"
            )
        }
        for sample in self.samples:
            self.add(self.specimen(sample), "specimen", sample["sample"])
        results = [*self.variants(), *self.copies(), *self.implications()]
        self.add(self.diagnostic_report(results), "report")
        # The report comes first: readers of a bundle look for it there.
        entries = [self.entries[-1], *self.entries[:-1]]
        return {
            "resourceType": "Bundle", "type": "collection",
            "timestamp": self.report["provenance"]["created"], "entry": entries,
        }  # fmt: skip

    def specimen(self, sample: dict) -> dict:
        """Return the Specimen of a tumour or plasma sample."""
        words = [sample["timepoint"], sample["lesion"]]
        if sample["day"] is not None:
            words.append(f"day {sample['day']:g}")
        notes = [{"text": ", ".join(word for word in words if word)}] if any(words) else []
        return {
            "resourceType": "Specimen",
            "identifier": [{"value": sample["sample"]}],
            "type": {"text": "plasma" if sample["role"] == "plasma" else "tumour"},
            "subject": self.subject,
            **({"note": notes} if notes else {}),
        }

    def observation(self, profile: str, code: dict, components: list[dict], **more: object) -> dict:
        """Return an Observation of a profile of the guide."""
        lab = "http://terminology.hl7.org/CodeSystem/observation-category"
        genetics = "http://terminology.hl7.org/CodeSystem/v2-0074"
        return {
            "resourceType": "Observation",
            "meta": {"profile": [f"{GUIDE}/StructureDefinition/{profile}"]},
            "status": self.status(),
            "category": [
                {"coding": [{"system": lab, "code": "laboratory"}]},
                {"coding": [{"system": genetics, "code": "GE"}]},
            ],
            "code": code,
            "subject": self.subject,
            **more,
            "component": components,
        }

    def status(self) -> str:
        """Return the status: preliminary before sign-off, amended where it differs since."""
        review = review_given(self.report)
        if review is None or not review.signed:
            return "preliminary"
        return "amended" if amendments(self.report, review) else "final"

    def conclusion(self, name: str) -> list[dict]:
        """Return a finding's state and a reader's decision in words, as a component."""
        finding = self.findings.get(name)
        if finding is None:
            return []
        words = [finding["label"]]
        words += [f"{state_words(finding)} under treatment"] if finding["state"] else []
        words += [finding["mechanism_text"]] if finding["mechanism_text"] else []
        words += [f"{self.decided[name]} at review"] if name in self.decided else []
        code = ("conclusion-string", "Conclusion Text")
        return [component(code, TBD, valueString="; ".join(words))]

    def gene(self, symbol: str | None) -> list[dict]:
        """Return the component of the gene: its HGNC id where it is known, else its symbol."""
        if not symbol:
            return []
        known = hgnc_ids().get(symbol)
        value = concept(symbol, HGNC, known) if known else {"text": symbol}
        return [component(GENE, valueCodeableConcept=value)]

    def variants(self) -> Iterator[str]:
        """Add an Observation for every reported somatic variant in every tumour that shows it."""
        for v in self.report["compare"]["variants"]:
            if not v["reported"] or v["model"] == "germline" or v.get("junction"):
                continue
            if v.get("origin", {}).get("value") == "germline":
                continue
            shared = [*self.gene(v["gene"]), *self.names(v), *self.place(v)]
            for sample in self.samples:
                seen = v["samples"][sample["sample"]]
                if not seen["detected"]:
                    continue
                measured = [
                    component(FREQUENCY, valueQuantity=quantity(seen["af"], "relative frequency")),
                    component(READ_DEPTH, valueQuantity=quantity(seen["ad"][1], "fragments")),
                ]
                parts = [*shared, *measured, *self.conclusion(v["id"])]
                yield self.present(parts, v["id"], sample["sample"])

    def present(self, components: list[dict], name: str, sample: str) -> str:
        """Add the Observation of an alteration that is present in a sample."""
        specimen = self.reference("specimen", sample)
        made = self.observation(
            "variant", coded(VARIANT), components, valueCodeableConcept=coded(PRESENT),
            method=coded(SEQUENCING), specimen={"reference": specimen},
        )  # fmt: skip
        address = self.add(made, "variant", name, sample)
        self.observed.setdefault(name, []).append(address)
        return address

    def names(self, v: dict) -> list[dict]:
        """Return the HGVS names and the transcript of a variant."""
        found = []
        transcript = v.get("refseq") or v["transcript"]
        if transcript:
            system = REFSEQ if v.get("refseq") else ENSEMBL
            found.append(component(TRANSCRIPT, valueCodeableConcept=concept(transcript, system)))
        if v["hgvs_c"] and transcript:
            name = f"{transcript}:{v['hgvs_c']}"
            found.append(component(CODING, valueCodeableConcept=concept(name, HGVS)))
        if v["hgvs_p"]:
            found.append(component(PROTEIN, valueCodeableConcept=concept(v["hgvs_p"], HGVS)))
        return found

    def place(self, v: dict) -> list[dict]:
        """Return position, alleles, assembly and origin of a variant."""
        found = [
            component(REF_ALLELE, valueString=v["ref"]),
            component(ALT_ALLELE, valueString=v["alt"]),
            component(COORDINATES, valueCodeableConcept=coded(ONE_BASED)),
            component(
                START_END,
                valueRange={
                    "low": {"value": v["pos"]},
                    "high": {"value": v["pos"] + len(v["ref"]) - 1},
                },
            ),
        ]
        chrom = with_chr(v["chrom"])
        if chrom in CHROMOSOMES:
            answer = (CHROMOSOMES[chrom], f"Chromosome {chrom.removeprefix('chr')}")
            found.append(component(CHROMOSOME, valueCodeableConcept=coded(answer)))
        if self.report["build"] in BUILDS:
            answer = BUILDS[self.report["build"]]
            found.append(component(ASSEMBLY, valueCodeableConcept=coded(answer)))
        if vrs := v.get("vrs"):
            code = concept(vrs["id"], VRS)
            found.append(component(VARIATION_CODE, valueCodeableConcept=code))
            accession = vrs["location"]["sequenceReference"]["refgetAccession"]
            if known := chromosomes().get(accession):
                sequence = concept(known.refseq, REFSEQ)
                found.append(component(GENOMIC_SEQUENCE, valueCodeableConcept=sequence))
        somatic = v.get("origin", {}).get("value", "somatic") == "somatic"
        answer = SOMATIC if somatic else UNKNOWN_ORIGIN
        return [*found, component(SOURCE_CLASS, valueCodeableConcept=coded(answer))]

    def copies(self) -> Iterator[str]:
        """Add an Observation for every copy-number finding in every tumour that shows it."""
        known = (self.report["copynumber"] or {"samples": {}})["samples"]
        for name, finding in self.findings.items():
            if not name.startswith("copynumber:"):
                continue
            call = name.rsplit(":", 1)[-1]
            for sample in self.samples:
                genes = (known.get(sample["sample"]) or {"genes": []})["genes"]
                row = next((g for g in genes if g["gene"] == finding["gene"]), None)
                if row is None or row["call"] != call or call not in COPY_CHANGES:
                    continue
                kind = coded(COPY_CHANGES[call], SEQUENCE_ONTOLOGY)
                parts = [
                    *self.gene(finding["gene"]),
                    component(CHANGE_TYPE, valueCodeableConcept=kind),
                ]
                if row["copies"] is not None:
                    value = quantity(round(row["copies"], 1), "copies")
                    parts.append(component(COPIES, valueQuantity=value))
                yield self.present([*parts, *self.conclusion(name)], name, sample["sample"])

    def implications(self) -> Iterator[str]:
        """Add an Observation for every drug given that a catalogue row of a finding names.

        What a reader rejected has none.
        """
        given = {drug["drug"] for drug in self.report["resist"]["drugs"]}
        for name, finding in self.findings.items():
            if name not in self.observed or self.decided.get(name) == "rejected":
                continue
            for row in finding["evidence"]:
                for drug in sorted(given & set(row["drugs"])) or sorted(row["drugs"]):
                    made = self.implication(name, row, drug)
                    if made is not None:
                        yield self.add(made, "implication", name, row["id"], drug)

    def implication(self, name: str, row: dict, drug: str) -> dict | None:
        """Return what a catalogue row says of a finding and a drug; None of one without effect."""
        if row["direction"] == "none":
            return None
        in_patients = row["evidence_level"] in IN_PATIENTS
        answer = RESISTANT if in_patients else PRESUMED_RESISTANT
        if row["direction"] == "sensitivity":
            answer = RESPONSIVE
        code = ("therapeutic-implication", "Therapeutic Implication")
        parts = [
            component(code, TBD, valueCodeableConcept=coded(answer)),
            component(MEDICATION, valueCodeableConcept={"text": drug}),
            component(LEVEL, valueCodeableConcept={"text": row["evidence_level"]}),
        ]
        if row["disease"]:
            parts.append(component(CONTEXT, valueCodeableConcept={"text": row["disease"]}))
        source = f"{row['source']}; PMID {row['pmid']}" if row["pmid"] else row["source"]
        text = f"catalogue row {row['id']} ({row['match_level']} match): {source}"
        parts.append(component(("conclusion-string", "Conclusion Text"), TBD, valueString=text))
        derived = [{"reference": address} for address in self.observed[name]]
        return self.observation(
            "therapeutic-implication", coded(code, TBD), parts, derivedFrom=derived
        )

    def diagnostic_report(self, results: list[str]) -> dict:
        """Return the DiagnosticReport with the verdict as its conclusion."""
        verdict = self.report["resist"]["verdict"]
        genetics = {"system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": "GE"}
        specimens = [
            {"reference": self.reference("specimen", one["sample"])} for one in self.samples
        ]
        text = f"{with_confidence(verdict)} {RESEARCH}"
        return {
            "resourceType": "DiagnosticReport",
            "meta": {"profile": [f"{GUIDE}/StructureDefinition/genomic-report"]},
            "status": self.status(),
            "category": [{"coding": [genetics]}],
            "code": coded(REPORT),
            "subject": self.subject,
            "issued": self.report["provenance"]["created"],
            "specimen": specimens,
            **({"result": [{"reference": address} for address in results]} if results else {}),
            "conclusion": text,
        }


def bundle(report: dict) -> dict:
    """Return a report as an HL7 FHIR R4 Bundle of the type collection.

    Parameters
    ----------
    report : dict
        report.json.

    Notes
    -----
    Inherited variants are left out, whatever the germline policy. Junctions are left out: the
    profile has no component for a second place. Dates of the samples are not known; days are notes.
    """
    return Bundle(report).made()
