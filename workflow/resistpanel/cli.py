"""The command line: parses, and delegates to the step's `command` module."""

import argparse
import importlib
import os
import re
import sys
from pathlib import Path

from resistpanel import __version__
from resistpanel.core.errors import InputError, did_you_mean, machine_fault, printable
from resistpanel.core.made import recorded

#: What a user types, in the order of use.
COMMANDS = {
    "init": "write a commented configuration and sample sheet for your BAMs",
    "check": "check everything that can be checked before a run, all problems at once",
    "run": "run the workflow",
    "demo": "run the workflow on a simulated patient",
    "verify": "verify that results match their inputs and each other",
    "explain": "explain the call, state and rank of a variant, with all numbers",
    "controls": "find patients of a run in its no-template and positive controls",
    "review": "accept, reject and comment findings, sign off",
    "plan": "limits of detection for molecules or ng of DNA, or the DNA that an AF requires",
    "assay": "build an assay from normals, with a version and checksums; validate it",
    "validate": "measure recall and limits on your panel, with variants spiked into your normal",
}
#: What the workflow's jobs run, in their order.
STAGES = {
    "align": "align FASTQ, sort, mark duplicates, index",
    "sheet": "check the sample sheet, the configuration and the BAM headers",
    "qc": "compute depth, on-target, duplicates, insert size and the gate, per sample",
    "callers": "run other callers, genotype their alleles, and compare the calls",
    "call": "call somatic variants jointly over the normal and all tumours of a patient",
    "annotate": "annotate consequences and HGVS names",
    "copynumber": "estimate copy number, purity, identity and contamination of the samples",
    "identity": "find sample swaps between patients",
    "compare": "determine the state of every variant between time points",
    "resist": "match the catalogue, determine mechanism and verdict",
    "biomarkers": "tumour mutational burden, hypermutation and microsatellite instability",
    "report": "write HTML, JSON, TSV, MAF and VCF of a patient",
    "store": "keep the results of many runs in one database; answer SQL queries",
    "multiqc": "write a MultiQC report of all samples of a run",
    "panel": "build the panel's BED and GFF3 from a gene list",
    "catalog": "validate the resistance catalogue; write its sites as VCF",
    "simulate": "simulate a small genome and BAMs with known variants",
    "screen": "find recurrent substitutions in a mutant cDNA library grown under a drug",
}
STEPS = COMMANDS | STAGES
#: Rooms of the package that hold the steps that have no room of their name.
ROOMS = {
    "init": "inputs",
    "check": "inputs",
    "sheet": "inputs",
    "verify": "inputs",
    "demo": "run",
    "identity": "qc",
    "multiqc": "qc",
    "explain": "report",
    "review": "report",
    "controls": "qc",
    "store": "report",
    "plan": "call",
    "simulate": "testing",
    "validate": "testing",
    "assay": "testing",
    "screen": "extras",
    "biomarkers": "extras",
    "callers": "extras",
}

DESCRIPTION = """\
Which mutation makes this tumour resist the drug, was it there before, and how sure are we?
"""
EXIT = """\
exit status: 0 done; 1 a job failed; 2 bad input or usage, one line per problem on standard error;
130 interrupted
"""
EPILOG = f"""\
a first run:
  resistpanel demo                       # a simulated patient, from reads to report
your own patients:
  resistpanel init study --bams /data/bams --reference genome.fa --targets panel.bed
  resistpanel check study
  resistpanel run study
afterwards:
  resistpanel explain P1 "MAP2K1 C121S"  # in the folder of the run

completion of commands, options, patients, drugs and profiles, in a shell's start-up file:
  eval "$(resistpanel --completion bash)"        # or zsh, fish

{EXIT}"""
#: Examples of the steps whose own module has none.
EXAMPLES = {
    "catalog": """examples:
  resistpanel catalog check
  resistpanel catalog sites --genes panel.gff3 --reference hg19.fa --output sites.vcf
  resistpanel catalog import civic.tsv --format civic --output mine.tsv
""",
    "panel": """examples:
  resistpanel panel adapt --reference hg19.fa --bed panels/cancer138/hg19.bed \\
      --gff3 panels/cancer138/hg19.gff3 --output-bed targets.bed --output-gff3 genes.gff3
  resistpanel panel build --genes genes.txt --gtf gencode.gtf.gz --output panels/mine
""",
    "qc": """example:
  resistpanel qc --sheet results/sheet/P1.json --targets panel.bed --reference hg19.fa \\
      --gate tumor_mean_depth=500 --output results/qc/P1.json
""",
    "resist": """example:
  resistpanel resist --compare results/compare/P1.json --sheet results/sheet/P1.json \\
      --copynumber results/copynumber/P1.json --user mine.tsv --output P1.json
""",
    "screen": """example:
  resistpanel screen --bam drug.bam --control control.bam --reference cdna.fa --gene MAP2K1 \\
      --drug PLX4720 --output substitutions.tsv --plot plot.svg
""",
    "simulate": """examples:
  resistpanel simulate resources/demo/patient.yaml --output simulated
  resistpanel simulate patient.yaml --reference hg19.fa --targets panel.bed --depth 500 --output s
""",
}


def command_module(step: str) -> str:
    """Return the module of a step's command.

    It has ``register(parser)``, which adds arguments and sets ``run`` to a function of them. A room
    holds the command of its own name in ``command.py``, others in ``<step>_command.py``.
    """
    room = ROOMS.get(step, step)
    return f"resistpanel.{room}.command" if room == step else f"resistpanel.{room}.{step}_command"


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line each, with the nearest command or option.

    Options are typed in full: ``--core`` starts no run.
    """

    #: What follows the program's name to ask for help: the step that is loaded, after a blank.
    of = ""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **({"allow_abbrev": False} | kwargs))

    def error(self, message: str):
        """Print what is wrong and end with status 2."""
        lines = [message]
        if unknown := re.fullmatch(r"argument STEP: invalid choice: '(.*?)' \(.*", message, re.S):
            cure = f"commands: {', '.join(COMMANDS)}; `resistpanel --help` lists all"
            lines = [_unknown("command", unknown[1], STEPS, cure)]
        elif message.startswith("unrecognized arguments: "):
            options = [name for action in self._actions for name in action.option_strings]
            words = message.removeprefix("unrecognized arguments: ").split(" ")
            asked = [word.split("=")[0] for word in words if word.startswith("--")]
            if asked and self._known(options):
                cure = f"`{self.prog}{self.of} --help` lists them"
                lines = [_unknown("option", word, self._known(options), cure) for word in asked]
                lines += [f"unrecognized arguments: {' '.join(words)}"] * (not lines)
        for line in lines:
            print(f"resistpanel: error: {printable(line)}", file=sys.stderr)
        self.exit(2)

    def _known(self, options: list[str]) -> list[str]:
        """Return the long options of this parser, or of the step that is loaded."""
        for action in self._actions:
            if isinstance(action, argparse._SubParsersAction):
                options = options + [
                    name
                    for child in action.choices.values()
                    for part in child._actions
                    for name in part.option_strings
                ]
        return sorted({name for name in options if name.startswith("--")})


def _unknown(kind: str, word: str, known, cure: str) -> str:
    return f"unknown {kind} '{word}'; {did_you_mean(word, known) or cure}"


class Completion(argparse.Action):
    """Print the code that teaches a shell to complete ``resistpanel``."""

    def __call__(self, parser, namespace, values, option_string=None):
        """Print and leave."""
        import argcomplete

        print(argcomplete.shellcode(["resistpanel"], shell=values))
        parser.exit()


def _summary() -> str:
    """Return the list of steps for ``--help``, commands apart from stages."""
    width = max(map(len, STEPS))
    lines = ["commands:"]
    lines += [f"  {name:{width}}  {text}" for name, text in COMMANDS.items()]
    lines += ["", "steps of the workflow, which are also commands:"]
    lines += [f"  {name:{width}}  {text}" for name, text in STAGES.items()]
    lines += ["", "`resistpanel STEP --help` lists arguments and examples."]
    return "\n".join(lines)


def build_parser(only: str | None = None) -> argparse.ArgumentParser:
    """Return the argument parser; with `only`, load just that step's arguments."""
    parser = Parser(
        prog="resistpanel",
        description=f"{DESCRIPTION}\n{_summary()}",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="resistpanel STEP [arguments]",
    )
    parser.of = f" {only}" if only in STEPS else ""
    parser.add_argument("--version", action="version", version=f"resistpanel {__version__}")
    parser.add_argument(
        "--completion",
        choices=["bash", "zsh", "fish"],
        action=Completion,
        help="print the completion code of a shell",
    )
    subparsers = parser.add_subparsers(
        dest="step", metavar="STEP", required=True, help=argparse.SUPPRESS, prog="resistpanel"
    )
    for step, summary in STEPS.items():
        child = subparsers.add_parser(
            step,
            description=summary[0].upper() + summary[1:] + ".",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if only in (None, step):
            importlib.import_module(command_module(step)).register(child)
            if step in STAGES:
                child.add_argument(
                    "--made-from",
                    type=Path,
                    metavar="JSON",
                    help="used by the workflow: provenance to record with the results",
                )
            parts = [EXAMPLES.get(step), child.epilog, EXIT]
            child.epilog = "\n".join(part for part in parts if part)
    return parser


def _complete() -> None:
    """Answer a shell that asks for completions (argcomplete's protocol)."""
    import argcomplete

    from resistpanel.inputs.completers import COMPLETERS

    words = os.environ.get("COMP_LINE", "").split()
    step = next((word for word in words[1:] if word in STEPS), "")
    parser = build_parser(only=step)
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction) and step:
            for part in action.choices[step]._actions:
                if part.dest in COMPLETERS and not part.choices and step != "simulate":
                    part.completer = COMPLETERS[part.dest]
    argcomplete.autocomplete(parser)


def _split(argv: list[str]) -> tuple[list[str], list[str]]:
    """Return the arguments before and after the first ``--``."""
    at = argv.index("--") if "--" in argv else len(argv)
    return argv[:at], argv[at + 1 :]


def open_streams() -> None:
    """Make standard streams that can be written to, whatever the caller closed.

    A closed one is opened on /dev/null: the next file would get its number, and be written into.
    What the terminal's encoding cannot hold is written out.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    for name, number in (("stdout", 1), ("stderr", 2)):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, os.fdopen(number, "w", encoding="utf-8", closefd=False))
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def main(argv: list[str] | None = None) -> int:
    """Run the command line.

    Returns
    -------
    int
        0 on success, 1 if a job failed, 2 on bad input or usage (one line per problem on standard
        error), 130 if interrupted.
    """
    open_streams()
    if "_ARGCOMPLETE" in os.environ:
        _complete()
    # Threads of numpy's linear algebra wait by spinning, and its arrays are small here: they cost
    # CPU and gain nothing. Set over what is there, as Snakemake gives a job's threads to them:
    # `call` on two took a third more CPU. Read when numpy is loaded.
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    argv = list(sys.argv[1:] if argv is None else argv)
    # Only the step that is asked for is imported: `resistpanel --help` stays quick.
    step = next((word for word in argv if word in STEPS), "")
    try:
        argv, after = _split(argv) if step == "run" else (argv, [])
        args = build_parser(only=step).parse_args(argv)
        if step == "run":
            args.snakemake = after
        with recorded(getattr(args, "made_from", None)):
            return args.run(args) or 0
    except InputError as error:
        for line in error.lines():
            print(f"resistpanel: error: {line}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("resistpanel: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (MemoryError, OSError, ImportError) as error:
        line = machine_fault(error)
        if line is None:
            raise
        print(f"resistpanel: error: {line}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
