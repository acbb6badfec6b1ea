"""The command line: which commands there are, what they take, and help that teaches by example."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence

from starling._version import __version__
from starling.cli import cohort, dosing, knowledge, lookup, patients, upkeep

_RAW = argparse.RawDescriptionHelpFormatter

_EXAMPLES = """
examples:
  starling report patient.vcf.gz                        the report, on the screen
  starling report patient.vcf.gz -o report.html         one page to print or pass on
  starling check codeine patient.vcf.gz                 may this patient have codeine?
  starling check clopidogrel patient.g.vcf.gz -m omeprazole,paroxetine
  starling explain CYP2C19                              what is known of a gene, a drug, an rsid or an allele

exit codes: 0 done, 2 wrong input, 3 knowledge base, 4 defect, 5 nothing could be called, 6 dose model
Starling is not a medical device; its results need a professional's judgement.
"""

_REPORT = """
examples:
  starling report patient.vcf.gz
  starling report patient.vcf.gz -o patient.json        format by suffix: .json .jsonl .tsv .html .txt
  starling report chr1.vcf.gz chr2.vcf.gz chr10.vcf.gz  parts of one person
  starling report cohort.vcf.gz -o pages/               one page per person
  zcat patient.vcf.gz | starling report -               from standard input
"""


def normalised(argv: Sequence[str]) -> list[str]:
    """The arguments with a bare `--absent-is-reference` spelled out, so that it cannot swallow a file name."""
    return ["--absent-is-reference=yes" if item == "--absent-is-reference" else item for item in argv]


def build_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="starling",
        description="From a patient's genotype data to prescribing advice, offline, explained and reproducible.",
        epilog=_EXAMPLES,
        formatter_class=_RAW,
    )
    parser.add_argument("--version", action="version", version=f"starling {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_report(commands)
    _add_check(commands)
    _add_cohort(commands)
    _add_dose(commands)
    _add_model(commands)
    _add_lookups(commands)
    _add_simulate(commands)
    _add_knowledge(commands)
    _add_upkeep(commands)
    return parser


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    summary: str,
    run: Callable[[argparse.Namespace], int],
    examples: str = "",
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=summary, description=summary, epilog=examples or None, formatter_class=_RAW)
    parser.set_defaults(run=run)
    return parser


def _add_report(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = _command(commands, "report", "calls, phenotypes and advice for every drug", patients.report, _REPORT)
    parser.add_argument("input", nargs="+", metavar="INPUT", help="VCF, gVCF, BCF, array or test results; - for stdin")
    parser.add_argument("-o", "--output", metavar="FILE|DIR", help="where to write (default: the screen)")
    parser.add_argument("--format", choices=patients.FORMATS, help="default: by the suffix of the output")
    parser.add_argument("--json-lines", action="store_true", help="JSON with one assessment per line")
    _add_reading(parser)
    _add_patient(parser)
    view = parser.add_argument_group("what to show (JSON is always complete)")
    view.add_argument("--gene", action="append", default=[], metavar="GENE", help="only this gene; may be repeated")
    view.add_argument("--drug", action="append", default=[], metavar="DRUG", help="only this drug; may be repeated")


def _add_check(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    examples = "\nexample:\n  starling check codeine patient.vcf.gz --medication paroxetine\n"
    parser = _command(commands, "check", "the prescriber's question: this drug, this patient", patients.check, examples)
    parser.add_argument("drug", metavar="DRUG", help="ingredient, synonym, brand, RxNorm or ATC code")
    parser.add_argument("input", nargs="+", metavar="INPUT", help="VCF, gVCF, BCF, array or test results; - for stdin")
    _add_reading(parser)
    _add_patient(parser)


def _add_reading(parser: argparse.ArgumentParser, *, one_person: bool = True) -> None:
    group = parser.add_argument_group("how to read the file")
    if one_person:
        group.add_argument("--sample", action="append", metavar="NAME", help="only this sample; may be repeated")
    group.add_argument("--build", choices=("GRCh38", "GRCh37"), help="genome build, when the header does not say")
    group.add_argument(
        "--absent-is-reference",
        nargs="?",
        const="yes",
        default="no",
        choices=("yes", "no", "force"),
        help="an absent site of a whole-genome VCF is reference (=force: whatever the file looks like)",
    )
    group.add_argument("--callable", metavar="BED", help="regions that were callable; absent sites there are reference")
    group.add_argument("--min-dp", type=int, default=10, metavar="READS", help="for reference calls (default 10)")
    group.add_argument("--min-gq", type=int, default=20, metavar="PHRED", help="for reference calls (default 20)")
    group.add_argument("--pass-only", action="store_true", help="ignore variants that failed a filter")
    group.add_argument("--phase", choices=("trust", "sets", "ignore"), default="trust", help="which phase to believe")
    group.add_argument("--combinations", action="store_true", help="describe what no named allele fits (research only)")
    group.add_argument("--hash-input", action="store_true", help="SHA-256 of the whole file in the provenance")


def _add_patient(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the patient")
    group.add_argument("--sex", choices=("male", "female", "unknown"), default="unknown", help="for genes on X")
    group.add_argument("--outside", metavar="FILE", help="results of another laboratory (TSV)")
    group.add_argument("-m", "--medication", default="", metavar="A,B", help="other medicines, for phenoconversion")
    group.add_argument(
        "--subject",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help=f"for the head of the report: {', '.join(patients.SUBJECT_KEYS)}",
    )
    group.add_argument(
        "--source", action="append", default=[], choices=("CPIC", "DPWG", "FDA"), help="only this source"
    )


_COHORT = """
examples:
  starling cohort call panel.vcf.gz -o calls.parquet
  starling cohort call genomes/ --people people.tsv -o calls.parquet     one file per person, in a directory
  starling cohort reanalyse calls.evidence.parquet --knowledge new.kb -o new.parquet
  starling cohort summary calls.parquet --people people.tsv --by population -o summary.html

Needs the [cohort] extra; --engine ray needs [ray].
"""


def _add_cohort(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "cohort", help="many people at once, and again when the knowledge changes", epilog=_COHORT, formatter_class=_RAW
    )
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    call = _command(verbs, "call", "everybody in many files, each distinct pattern once", cohort.call, _COHORT)
    call.add_argument("input", nargs="+", metavar="INPUT", help="file, directory, or @LIST of paths")
    call.add_argument("--people", metavar="TSV", help="columns sample, sex, medication (;-separated), and groups")
    call.add_argument("--outside", metavar="TSV", help="outside calls with a column sample")
    call.add_argument("--source", action="append", default=[], choices=("CPIC", "DPWG", "FDA"), help="only this one")
    call.add_argument("--knowledge", metavar="FILE", default="", help="a compiled knowledge base; default: bundled")
    _add_reading(call, one_person=False)
    again = _command(verbs, "reanalyse", "who is affected by new knowledge", cohort.reanalyse, _COHORT)
    again.add_argument("evidence", metavar="EVIDENCE", help="calls.evidence.parquet, as `cohort call` left it")
    again.add_argument("--knowledge", metavar="FILE", required=True, help="the new knowledge base, compiled")
    again.add_argument("--calls", metavar="FILE", help="the earlier calls; default: beside the evidence")
    for verb in (call, again):
        verb.add_argument("-o", "--output", metavar="FILE", required=True, help="calls, as .parquet")
        verb.add_argument("--engine", choices=("local", "ray"), default="local", help="default: this machine's cores")
        verb.add_argument("--workers", type=int, metavar="N", help="shards at a time; default: one per core")
    summary = _command(verbs, "summary", "frequencies, actionable results, missing positions", cohort.summary, _COHORT)
    summary.add_argument("calls", metavar="CALLS", help="calls.parquet, as `cohort call` left it")
    summary.add_argument("--people", metavar="TSV", help="a table with a column sample")
    summary.add_argument("--by", metavar="COLUMN", help="a column of --people: one group for each of its values")
    summary.add_argument(
        "--min-cell",
        type=int,
        default=10,
        metavar="N",
        help="suppress counts below N (default 10; 0: for this site only)",
    )
    summary.add_argument("-o", "--output", metavar="FILE", help=".tsv or .html (default: the table on the screen)")


def _add_dose(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    from starling.dosing.program import INDICATIONS

    examples = (
        "\nexample:\n  starling dose warfarin patient.vcf.gz --age 67 --weight 80 --height 175 --ancestry white\n"
        "\nA calculation beside published formulas, never guideline advice; needs the [models] extra for the model.\n"
    )
    parser = _command(commands, "dose", "a dose by a learned model, explained (warfarin)", dosing.dose, examples)
    parser.add_argument("drug", metavar="DRUG", help="a drug with a dose model: warfarin")
    parser.add_argument("input", nargs="+", metavar="INPUT", help="VCF, gVCF, BCF, array or test results; - for stdin")
    parser.add_argument("-o", "--output", metavar="FILE", help=".html (the report with the dose), .json or .txt")
    parser.add_argument("--json", action="store_true", help="JSON on the screen")
    facts = parser.add_argument_group("what the model takes (age, height and weight are never assumed)")
    facts.add_argument("--age", type=float, metavar="YEARS")
    facts.add_argument("--height", type=float, metavar="CM")
    facts.add_argument("--weight", type=float, metavar="KG")
    facts.add_argument("--ancestry", metavar="GROUP", help="white, asian or black; may be left out")
    facts.add_argument("--smoker", choices=("yes", "no"))
    facts.add_argument("--indication", choices=INDICATIONS)
    facts.add_argument("--no-medication", action="store_true", help="the patient takes nothing else")
    facts.add_argument(
        "--linked", action="append", default=[], metavar="RSID=B/B", help="a called site linked with VKORC1 rs9923231"
    )
    parser.add_argument("--site", metavar="FILE", help="local calibration of this hospital (starling model calibrate)")
    parser.add_argument("--model", metavar="BUNDLE", help="directory or zip; default: the one of this installation")
    _add_reading(parser)
    _add_patient(parser)


def _add_model(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("model", help="inspect, verify and run dose models", formatter_class=_RAW)
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    info = _command(verbs, "info", "what a model takes, gives, was trained on, and how good it is", dosing.info)
    verify = _command(verbs, "verify", "check digest, card, graph and golden vectors", dosing.verify)
    run = _command(verbs, "run", "raw outputs for factors as JSON Lines", dosing.run)
    for verb in (info, verify, run):
        verb.add_argument("model", metavar="BUNDLE", nargs="?" if verb is not run else None, help="path, or warfarin")
    run.add_argument("input", metavar="FILE", help="JSON Lines; - for stdin")
    calibrate = _command(verbs, "calibrate", "a hospital's own correction: propose, activate, revert", dosing.calibrate)
    calibrate.add_argument("file", metavar="FILE", help="where this hospital's outcomes are kept")
    calibrate.add_argument("--model", metavar="BUNDLE", help="default: warfarin")
    calibrate.add_argument(
        "--outcome", nargs=2, type=float, action="append", default=[], metavar=("PREDICTED", "STABLE"),
        help="uncalibrated dose and stable dose of one patient; may be repeated",
    )  # fmt: skip
    who = calibrate.add_mutually_exclusive_group()
    who.add_argument("--activate", metavar="NAME", help="put the proposal in force, in the name of this person")
    who.add_argument("--revert", metavar="NAME", help="take back what is in force, in the name of this person")


def _add_lookups(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    examples = "\nexamples:\n  starling explain CYP2D6\n  starling explain 'CYP2C19*2'\n  starling explain rs9923231\n"
    parser = _command(commands, "explain", "what is known of a gene, drug, rsid or allele", lookup.explain, examples)
    parser.add_argument("name", metavar="GENE|DRUG|RSID|ALLELE", help="as CYP2D6, codeine, rs9923231, CYP2C19*2")
    _command(commands, "genes", "the genes covered", lookup.genes)
    drugs = _command(commands, "drugs", "the drugs covered", lookup.drugs)
    drugs.add_argument("--names", action="store_true", help="only the names, one per line")


def _add_simulate(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    examples = (
        "\nexamples:\n  starling simulate -o patient.vcf --seed 7\n"
        "  starling simulate -o patient.vcf.gz --diplotype 'CYP2C19=*2/*17' --others reference --build GRCh37\n"
        "  starling simulate -o people.vcf.gz --people 10000 --frequencies frequencies.tsv --shards 4\n"
    )
    parser = _command(commands, "simulate", "a synthetic patient with known truth", upkeep.simulate, examples)
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help=".vcf or .vcf.gz (bgzip)")
    parser.add_argument("--truth", metavar="FILE", help="what a correct program must report (.json or .tsv)")
    parser.add_argument("--diplotype", action="append", default=[], metavar="GENE=A/B", help="may be repeated")
    parser.add_argument("--others", choices=("reference", "random"), default="random", help="genes not named")
    parser.add_argument("--sample", default="SIMULATED", metavar="NAME", help="name of the sample column")
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same patient")
    parser.add_argument("--sex", choices=("male", "female"), default="female", help="one X or two")
    parser.add_argument("--build", choices=("GRCh38", "GRCh37"), default="GRCh38", help="coordinates and bases")
    parser.add_argument("--unphased", action="store_true", help="do not say which bases share a strand")
    parser.add_argument("--missing", type=float, default=0.0, metavar="SHARE", help="share of sites left out (0 to 1)")
    parser.add_argument("--gvcf", action="store_true", help="reference blocks, as gVCF")
    many = parser.add_argument_group("a population instead of one patient (phased, GRCh38)")
    many.add_argument("--people", type=int, metavar="N", help="how many")
    many.add_argument("--frequencies", metavar="TSV", help="gene, allele, frequency; the rest is reference")
    many.add_argument("--shards", type=int, default=1, metavar="N", help="files to write (default 1)")


def _add_knowledge(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("knowledge", help="compile, verify and compare knowledge bases", formatter_class=_RAW)
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    compile_ = _command(verbs, "compile", "fact tables -> one sealed file", knowledge.compile_)
    compile_.add_argument("source", metavar="DIR", nargs="?", default="knowledge-base", help="the fact tables")
    compile_.add_argument("-o", "--output", metavar="FILE", help="default: the file this installation uses")
    info = _command(verbs, "info", "version, digest and the date of every guideline", knowledge.info)
    info.add_argument("file", metavar="FILE", nargs="?", help="default: the one this installation uses")
    inspect = _command(verbs, "inspect", "check every invariant of the fact tables", knowledge.inspect)
    inspect.add_argument("source", metavar="DIR", nargs="?", default="knowledge-base", help="the fact tables")
    compare = _command(verbs, "compare", "what a prescriber would notice between two versions", knowledge.compare)
    compare.add_argument("old", metavar="OLD", help="a compiled file")
    compare.add_argument("new", metavar="NEW", help="a compiled file")


def _add_upkeep(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    _command(commands, "doctor", "is this installation sound?", upkeep.doctor)
    examples = "\nexample:\n  starling completion bash > ~/.local/share/bash-completion/completions/starling\n"
    completion = _command(commands, "completion", "shell completion script", upkeep.completion, examples)
    completion.add_argument("shell", choices=("bash", "zsh", "fish"), help="which shell")
