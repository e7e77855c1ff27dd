"""A finished study whose steps were not run: each wrote a line, and recorded its inputs."""

import contextlib
import copy
import importlib.util
import os
import shutil
from pathlib import Path

import pysam
import yaml

from resistpanel.core.files import HOME
from resistpanel.core.fingerprint import state
from resistpanel.core.made import place
from resistpanel.inputs.binding import Binding
from resistpanel.inputs.merge import merged
from resistpanel.inputs.plan import make_plan

_spec = importlib.util.spec_from_file_location(
    "written_step", Path(__file__).with_name("written_step.py")
)
written_step = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(written_step)

#: Steps by what they are made from; each with all that follow it.
#: The results store is written where DuckDB is installed.
REPORT = {"report", "cohort", *(["store"] if importlib.util.find_spec("duckdb") else [])}
RESIST = {"resist", *REPORT}
COMPARE = {"compare", "biomarkers", *RESIST}
COPIES = {"copynumber", "identity", *COMPARE}
ANNOTATE = {"annotate", *COPIES}
CALL = {"call", "qc", *ANNOTATE}
CATALOG = {"catalog", *CALL}
SHEET = {"sheet", "qc", *COPIES}
READS = {"sheet", *CALL}
ALL = {"panel", *CATALOG, "sheet"}
NOTHING: set[str] = set()


def write_vcf(path: Path, pos: int = 1100) -> None:
    """Write a resource of one variant, bgzipped and indexed."""
    text = (
        "##fileformat=VCFv4.2\n##contig=<ID=chrT,length=20000>\n"
        '##INFO=<ID=AF,Number=A,Type=Float,Description="x">\n'
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
        f"chrT\t{pos}\t.\tA\tC\t.\t.\tAF=0.1\n"
    )
    plain = path.with_suffix("")
    plain.write_text(text)
    pysam.tabix_compress(str(plain), str(path), force=True)
    plain.unlink()
    pysam.tabix_index(str(path), preset="vcf", force=True)


class Study:
    """A small study in a folder, with catalogue and resources of its own."""

    def __init__(self, world):
        self.world, self.folder = world, world.folder
        world.write_sheet()
        for name in ("catalog", "knowledge"):
            shutil.copytree(HOME / "resources" / name, self.folder / name)
        write_vcf(self.folder / "germline.vcf.gz")
        write_vcf(self.folder / "pon.vcf.gz", 1200)
        self.config = {
            "samples": "samples.tsv", "reference": "genome.fa", "targets": "targets.bed",
            "genes": "genes.gff3", "catalog": "catalog", "knowledge": "knowledge",
            "outdir": "results", "call": {"germline": "germline.vcf.gz", "pon": "pon.vcf.gz"},
        }  # fmt: skip
        self.write()

    def write(self, **changes) -> None:
        """Write the configuration, some keys replaced."""
        self.config |= changes
        (self.folder / "config.yaml").write_text(yaml.safe_dump(self.config))

    def row(self, sample: str, /, **cells) -> None:
        """Change a sample's row of the sheet."""
        for row in self.world.rows:
            if row["sample"] == sample:
                row.update(cells)
        columns = self.world.columns
        columns += [name for name in cells if name not in columns]
        self.world.write_sheet()

    def keep(self) -> None:
        """Remember everything, for `restore`."""
        self.home = self.folder
        self.copy = self.folder.with_name("copy")
        shutil.copytree(self.folder, self.copy)
        self.kept = copy.deepcopy((self.config, self.world.rows, self.world.columns))
        self.states = {path: state(path) for path in self.folder.rglob("*") if path.is_file()}

    def restore(self) -> None:
        """Put back what a test has changed."""
        if self.folder != self.home:
            self.folder.rename(self.home)
        self.folder = self.world.folder = self.home
        self.config, self.world.rows, self.world.columns = copy.deepcopy(self.kept)
        for path in list(self.home.rglob("*")):
            if path.is_symlink() or (path.is_file() and path not in self.states):
                path.unlink()
        for path in list(self.home.iterdir()):
            if path.is_dir() and not (self.copy / path.name).exists():
                shutil.rmtree(path)
        for path, known in self.states.items():
            if state(path) != known:
                path.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(self.copy / path.relative_to(self.home), path)
                self.states[path] = state(path)

    def binding(self) -> Binding:
        """Return what is to be done as a plan in the study's folder would see it."""
        with contextlib.chdir(self.folder):
            config = merged(Path("config.yaml"))
            plan, _ = make_plan(config, lambda path: {}, headers=False)
            return Binding(plan, config.get("screens"))

    def stale(self) -> set[str]:
        """Return the steps that have to be done."""
        return {step for step, _ in self.binding().stale() if step != "multiqc"}

    def finish(self) -> None:
        """Do every step that has to be done."""
        binding = self.binding()
        binding.write()
        for step, subject in binding.stale():
            if step == "multiqc":
                continue
            written_step.write(place(binding.outdir, "due", step, subject))


def keep_time(path: Path, change) -> None:
    """Change a file and give it its old modification time back."""
    before = path.stat()
    change(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
