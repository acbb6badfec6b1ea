"""What several commands take: how to read, who the patient is, and which knowledge answers."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from starling.assessment import Assessment, Options, Question
from starling.cli.commands import is_there
from starling.cli.signing import SIGNING_KEYS, check_signing
from starling.engine import Engine
from starling.errors import InputError
from starling.session import LIMITS
from starling.vocabulary import Sex

SUBJECT_KEYS: Final = (
    "id",
    "name",
    "birth_date",
    "sex",
    "specimen",
    "collected",
    "ordered_by",
    "ancestry",
    "transplant",
    "age",
    "weight",
    "pregnant",
    "breastfeeding",
    "indication",
    "after",
    "history",
    "menopause",
    "formulation",
    *SIGNING_KEYS,
)
#: exit code: the file was read, but nothing that was asked about could be called
NOTHING_CALLED: Final = 5
#: names the knowledge base of every command that is not given one
KNOWLEDGE_VARIABLE: Final = "STARLING_KNOWLEDGE"


#: Other names of the two builds; chrM of hg19 may be another sequence than that of GRCh37, and only a length tells.
_BUILDS: Final[Mapping[str, str]] = {
    "grch38": "GRCh38", "hg38": "GRCh38", "b38": "GRCh38",
    "grch37": "GRCh37", "hg19": "GRCh37", "b37": "GRCh37", "hs37d5": "GRCh37",
}  # fmt: skip


def build_name(text: str) -> str:
    """The build of that name, whatever its case; a name that is none of a build as it stands, to be refused.

    >>> build_name("hg38"), build_name("b37"), build_name("hg18")
    ('GRCh38', 'GRCh37', 'hg18')
    """
    return _BUILDS.get(text.strip().casefold(), text)


def add_knowledge(parser: argparse.ArgumentParser) -> None:
    """`--knowledge`."""
    parser.add_argument(
        "--knowledge",
        metavar="FILE",
        default=os.environ.get(KNOWLEDGE_VARIABLE, ""),
        help=f"a compiled knowledge base (default: {KNOWLEDGE_VARIABLE}, else the one of this installation)",
    )


def knowledge_path(text: str) -> Path | None:
    """The file that `--knowledge` names; None for the one of this installation."""
    return Path(text) if text.strip() else None


def add_reading(parser: argparse.ArgumentParser, *, one_person: bool = True) -> None:
    """How to read the file."""
    group = parser.add_argument_group("how to read the file")
    if one_person:
        group.add_argument("--sample", action="append", metavar="NAME", help="only this sample; may be repeated")
    group.add_argument(
        "--build", type=build_name, choices=("GRCh38", "GRCh37"), help="genome build, when the header does not say"
    )
    group.add_argument(
        "--absent-is-reference",
        nargs="?",
        const="yes",
        default="no",
        choices=("yes", "no", "force"),
        help="an absent site of a whole-genome VCF is reference (=force: whatever the file looks like)",
    )
    group.add_argument("--callable", metavar="BED", help="regions that were callable; absent sites there are reference")
    group.add_argument("--min-dp", type=int, default=10, metavar="READS", help="fewest reads (default 10)")
    group.add_argument("--min-gq", type=int, default=20, metavar="PHRED", help="least genotype quality (default 20)")
    group.add_argument("--min-gp", type=float, default=0.9, metavar="P", help="for imputed genotypes (default 0.9)")
    group.add_argument(
        "--max-other-reads", type=float, default=0.25, metavar="SHARE", help="of alleles not called (default 0.25)"
    )
    group.add_argument(
        "--min-het-reads", type=float, default=0.1, metavar="SHARE", help="of an allele of a het (default 0.1)"
    )
    group.add_argument("--pass-only", action="store_true", help="ignore variants that failed a filter")
    group.add_argument("--phase", choices=("trust", "sets", "ignore"), default="trust", help="which phase to believe")
    group.add_argument("--combinations", action="store_true", help="describe what no named allele fits (research only)")
    group.add_argument("--hash-input", action="store_true", help="SHA-256 of the whole file in the provenance")


def add_patient(parser: argparse.ArgumentParser, *, facts: bool = True) -> None:
    """Who the patient is, and which source is asked.  `facts`: with what conditions of advice ask for."""
    group = parser.add_argument_group("the patient, and whom to ask")
    if facts:
        _add_facts(group)
    group.add_argument("--sex", choices=("male", "female", "unknown"), default="unknown", help="for genes on X")
    group.add_argument("--outside", metavar="FILE", help="results of another laboratory or tool; INPUT may be left off")
    group.add_argument("-m", "--medication", default="", metavar="DRUG,DRUG", help="all other medicines that are taken")
    group.add_argument(
        "--subject",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help=f"for the head of the report: {', '.join(SUBJECT_KEYS)}",
    )
    group.add_argument(
        "--source", action="append", default=[], choices=("CPIC", "DPWG", "FDA"), help="only this source"
    )


def _add_facts(group: argparse._ArgumentGroup) -> None:
    """What decides conditions of advice (docs/explanation/conditions.md)."""
    group.add_argument("--age", metavar="YEARS", help="decides advice by age; else from --subject birth_date")
    group.add_argument("--weight", metavar="KG", help="decides advice by weight")
    group.add_argument("--pregnant", action="store_true", help="the patient is pregnant")
    group.add_argument("--breastfeeding", action="store_true", help="the patient is breastfeeding")
    group.add_argument(
        "--indication", action="append", default=[], metavar="TEXT", help="what the drug is for; may be repeated"
    )
    group.add_argument("--ancestry", metavar="GROUP", help="as guidelines name it: african, european, ...")


def assessed(engine: Engine, arguments: argparse.Namespace, *, drugs: tuple[str, ...] = ()) -> Iterator[Assessment]:
    """The assessment of everyone in the input, as the options ask; about `drugs` alone, when named."""
    from starling.cli.screen import ProgressBar

    if not arguments.input and not arguments.outside:
        raise InputError("BAD_ARGUMENTS", "no INPUT was named, and no --outside FILE that states results")
    bar = ProgressBar("reading")
    try:
        yield from engine.assess_all(
            arguments.input,
            _question(arguments, drugs),
            samples=arguments.sample,
            options=read_options(arguments, sex=_sex(arguments), sources=tuple(arguments.source)),
            progress=bar,
        )
    except InputError as error:
        drug = _drug_as_file(engine, arguments.input) if error.code == "FILE_NOT_FOUND" else None
        if drug is None:
            raise
        message = f"{drug} is a drug, and no file has that name; ask: starling check {drug} INPUT"
        raise InputError("BAD_ARGUMENTS", message) from error
    finally:
        bar.close()


def named_drug(engine: Engine, arguments: argparse.Namespace, command: str) -> str:
    """The drug of `arguments.drug` under the name of the knowledge base.

    Raises: InputError, the sender's; when the name is a file's or a gene's, with the command that was meant.
    """
    name: str = arguments.drug
    try:
        return engine.knowledge.find_drug(name).name
    except InputError as error:
        gene = {known.casefold(): known for known in engine.knowledge.genes}.get(name.strip().casefold())
        other = _drug_as_file(engine, arguments.input)
        if gene is not None:
            said = f"{gene} is a gene: starling report --gene {gene} INPUT, or starling explain {gene}"
        elif other is not None or is_there(name):
            what = "is a file; " if other is None else "is no drug; "
            said = f"{name} {what}the drug comes first: starling {command} {other or 'DRUG'} {name}"
        else:
            raise
        raise InputError("BAD_ARGUMENTS", said) from error


def _drug_as_file(engine: Engine, paths: Iterable[str]) -> str | None:
    """The first of the paths that is no file and is the name of a drug."""
    return next((path for path in paths if not is_there(path) and engine.knowledge.knows_medicine(path)), None)


def anything_called(person: Assessment) -> bool:
    """Whether any gene was called."""
    return any(gene.status != "undetermined" for gene in person.genes)


class Tally:
    """Passes people on and remembers whether there was anything to say of anyone."""

    def __init__(self, counts: Callable[[Assessment], bool] = anything_called) -> None:
        self._counts = counts
        self._found = False

    def __call__(self, people: Iterable[Assessment]) -> Iterator[Assessment]:
        """The same people."""
        for person in people:
            self._found |= self._counts(person)
            yield person

    @property
    def exit_code(self) -> int:
        """0, or what says that there was nothing to say."""
        return 0 if self._found else NOTHING_CALLED


def read_options(arguments: argparse.Namespace, *, sex: Sex, sources: tuple[str, ...]) -> Options:
    """How to read, as the command line says it.  Raises: InputError on a negative threshold."""
    for name in LIMITS:
        if getattr(arguments, name) < 0:
            raise InputError("BAD_OPTION", "must not be negative", source=f"--{name.replace('_', '-')}")
    return Options(
        build=arguments.build,
        sex=sex,
        absent_is_reference=arguments.absent_is_reference,
        callable_bed=arguments.callable,
        min_dp=arguments.min_dp,
        min_gq=arguments.min_gq,
        min_gp=arguments.min_gp,
        max_other_reads=arguments.max_other_reads,
        min_het_reads=arguments.min_het_reads,
        pass_only=arguments.pass_only,
        phase=arguments.phase,
        combinations=arguments.combinations,
        sources=sources,
        hash_input=arguments.hash_input,
    )


def _question(arguments: argparse.Namespace, drugs: tuple[str, ...]) -> Question:
    from starling.library import question

    return question(
        drugs=drugs,
        outside=arguments.outside,
        medication=arguments.medication,
        subject={**_subject(arguments.subject, arguments.sex), **_facts(arguments)},
    )


def _facts(arguments: argparse.Namespace) -> Mapping[str, str]:
    """The facts that have an option of their own, as fields of the subject.

    Raises: InputError when --subject says otherwise.
    """
    stated = {name: getattr(arguments, name, None) for name in ("age", "weight", "ancestry")}
    facts = {name: f"{value}" for name, value in stated.items() if value is not None}
    facts |= {name: "yes" for name in ("pregnant", "breastfeeding") if getattr(arguments, name, False)}
    indications = getattr(arguments, "indication", None)
    if isinstance(indications, list) and indications:
        facts["indication"] = "; ".join(indications)
    for pair in arguments.subject:
        key, _, value = pair.partition("=")
        if key in facts and facts[key].casefold() != value.strip().casefold():
            raise InputError("BAD_OPTION", f"{pair} contradicts --{key} {facts[key]}", source="--subject")
    return facts


def _sex(arguments: argparse.Namespace) -> Sex:
    """`--sex`, else what the subject's data say: a fact about the patient is not asked for twice."""
    if arguments.sex == "unknown":
        for pair in arguments.subject:
            if pair in {"sex=male", "sex=female"}:
                return "male" if pair == "sex=male" else "female"
    sex: Sex = arguments.sex
    return sex


def _subject(pairs: Iterable[str], sex: str) -> Mapping[str, str]:
    """The subject's data.  Raises: InputError on an unknown key, or on a sex that contradicts --sex."""
    subject: dict[str, str] = {}
    for pair in pairs:
        key, separator, value = pair.partition("=")
        if not separator or key not in SUBJECT_KEYS:
            known = ", ".join(SUBJECT_KEYS)
            raise InputError("BAD_OPTION", f"{pair!r} is not KEY=VALUE with a key of: {known}", source="--subject")
        subject[key] = value.strip()
    check_signing(subject)
    stated = subject.get("sex", sex).casefold()
    if sex != "unknown" and stated != sex:
        raise InputError("BAD_OPTION", f"sex={subject['sex']} contradicts --sex {sex}", source="--subject")
    return subject if sex == "unknown" else {**subject, "sex": sex}


#: what a command's module does: the exit code
Run = Callable[[argparse.Namespace], int]
