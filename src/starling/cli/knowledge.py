"""`knowledge compile | sign | info | inspect | compare | upstream`."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path
from typing import Final

from starling.cli.arguments import add_knowledge, knowledge_path
from starling.cli.commands import add_verb
from starling.errors import InputError, KnowledgeError
from starling.report.text import visible

#: exit code of `inspect` on violations and of a knowledge base that cannot be trusted
INVALID = 3
#: the folder of the source tree
_TABLES: Final = "knowledge-base"
_TABLES_HELP: Final = f"the fact tables (default: {_TABLES})"


_UPSTREAM_EXAMPLES: Final = """
examples:
  starling knowledge upstream prescribing_guidance.json
      rows of guidelines, by a digest of their words
  starling knowledge upstream phenotype/*.json
      functions, activity values and rules of genes
  starling knowledge upstream CYP2C9_translation.json
      alleles, position by position
  starling knowledge upstream CYP2D6_allele_functionality_reference.xlsx
"""

_EXAMPLES: Final = """
examples:
  starling knowledge info                    which edition, and how old
  starling knowledge inspect tables          broken invariants, by file and row
  starling knowledge compile tables -o new.kb
  starling knowledge compare old.kb new.kb   what a prescriber would notice
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.epilog = _EXAMPLES
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    made = add_verb(verbs, "compile", "fact tables -> one sealed file", compile_)
    made.add_argument("source", metavar="DIR", nargs="?", default=_TABLES, help=_TABLES_HELP)
    made.add_argument("-o", "--output", metavar="FILE", help="default: the file this installation uses")
    signed = add_verb(verbs, "sign", "a signature by which nodes take an edition (FILE.signature)", sign)
    signed.add_argument("file", metavar="FILE", help="a compiled file")
    signed.add_argument("--key", required=True, metavar="KEYFILE", help="the private key (`starling model key`)")
    known = add_verb(verbs, "info", "version, digest and the date of every guideline", info)
    known.add_argument("file", metavar="FILE", nargs="?", help="default: the one that answers here")
    add_knowledge(known)
    checked = add_verb(verbs, "inspect", "check every invariant of the fact tables", inspect)
    checked.add_argument("source", metavar="DIR", nargs="?", default=_TABLES, help=_TABLES_HELP)
    two = add_verb(verbs, "compare", "what a prescriber would notice between two versions", compare)
    two.add_argument("old", metavar="OLD", help="a compiled file")
    two.add_argument("new", metavar="NEW", help="a compiled file")
    theirs = add_verb(verbs, "upstream", "what the files of CPIC, ClinPGx or PharmCAT say beside ours", upstream)
    theirs.epilog = _UPSTREAM_EXAMPLES
    theirs.add_argument(
        "files", metavar="FILE", nargs="+", help="guidance, phenotypes, definitions or allele functions"
    )
    theirs.add_argument("--all", action="store_true", help="also list the rows that are the same")
    add_knowledge(theirs)


def _tables(named: str) -> Path:
    """The folder of the fact tables.  Raises: InputError FILE_NOT_FOUND, the sender's: no installation holds them."""
    folder = Path(named)
    if not folder.exists():
        said = "no such folder; the fact tables are knowledge-base/ of the source tree and of the source distribution"
        raise InputError("FILE_NOT_FOUND", said, source=named)
    return folder


def compile_(arguments: argparse.Namespace) -> int:
    """Compiles the fact tables into one sealed file."""
    from starling.knowledge.base import BUNDLED
    from starling.knowledge.compile import compile_knowledge

    target = Path(arguments.output) if arguments.output else BUNDLED
    stamp = compile_knowledge(_tables(arguments.source), target)
    sys.stdout.write(
        visible(f"{target.name}: version {stamp.version}, as of {stamp.as_of}, sha256 {stamp.sha256}") + "\n"
    )
    return 0


def sign(arguments: argparse.Namespace) -> int:
    """Writes the signature of an edition that is sound beside it."""
    from getpass import getpass

    from starling.formats.write import write_atomically
    from starling.knowledge.base import KnowledgeBase
    from starling.knowledge.seal import SIGNED_FOR
    from starling.trust.keys import fingerprint
    from starling.trust.signature import sign as signed

    path = Path(arguments.file)
    with KnowledgeBase.open(path) as base:
        version, is_sound = base.stamp.version, base.verify_content()
    if not is_sound:
        raise KnowledgeError("KNOWLEDGE_DAMAGED", f"{path.name}: is not what its digest says")
    signature = signed(
        Path(arguments.key), SIGNED_FOR, path.read_bytes(), password=lambda: getpass("password of the key: ").encode()
    )
    target = path.with_name(f"{path.name}.signature")
    write_atomically(target, signature.text().decode("ascii"))
    sys.stdout.write(visible(f"{target}: version {version}, by key {fingerprint(signature.public)}") + "\n")
    return 0


def info(arguments: argparse.Namespace) -> int:
    """Prints version, digest and the date of every guideline."""
    from starling.knowledge.age import age_notices, today
    from starling.knowledge.base import KnowledgeBase

    with KnowledgeBase.open(knowledge_path(arguments.file or arguments.knowledge)) as base:
        stamp, guidance = base.stamp, base.guidance
        rows = sum(len(guideline.rows) for guideline in guidance.guidelines)
        sys.stdout.write(
            f"version    {stamp.version}\nas of      {stamp.as_of}\nsha256     {stamp.sha256}\n"
            f"genes      {len(base.genes)}\ndrugs      {len(guidance.drugs)}\n"
            f"guidelines {len(guidance.guidelines)} with {rows} recommendations\n"
        )
        for notice in age_notices(stamp.checked_on, today()):
            sys.stdout.write(f"WARNING    {notice.message}\n")
        sys.stdout.write("\ntext of     checked on  guideline\n")
        for guideline in sorted(guidance.guidelines, key=lambda each: (each.source, each.id)):
            dates = f"{guideline.text_as_of or '-':<11} {guideline.checked_on:<11}"
            sys.stdout.write(f"{dates} {guideline.source:<5} {guideline.id}\n")
    return 0


def inspect(arguments: argparse.Namespace) -> int:
    """Prints every violated invariant with file and row; 3 when there is one."""
    from starling.knowledge.inspect import check

    violations = check(_tables(arguments.source))
    for violation in violations:
        sys.stdout.write(f"{visible(str(violation))}\n")
    sys.stdout.write(f"{len(violations)} violations\n" if violations else "all invariants hold\n")
    return INVALID if violations else 0


def compare(arguments: argparse.Namespace) -> int:
    """Prints what a prescriber would notice between two knowledge bases, most serious first."""
    from starling.knowledge.base import KnowledgeBase
    from starling.knowledge.compare import compare as clinical_changes

    with KnowledgeBase.open(Path(arguments.old)) as old, KnowledgeBase.open(Path(arguments.new)) as new:
        changes = clinical_changes(old, new)
    for change in changes:
        sys.stdout.write(f"{visible(str(change))}\n")
    if not changes:
        sys.stdout.write("no clinical difference\n")
    return 0


def upstream(arguments: argparse.Namespace) -> int:
    """Prints for every row of a source's files whether the base has it so; nothing is ever imported."""
    from starling.knowledge.base import KnowledgeBase
    from starling.knowledge.upstream import SAME, STATUSES, compare_with

    with KnowledgeBase.open(knowledge_path(arguments.knowledge)) as base:
        for name in arguments.files:
            findings = compare_with(base, Path(name))
            counts = Counter(finding.status for finding in findings)
            counted = ", ".join(f"{counts[status]} {status}" for status in STATUSES if counts[status])
            sys.stdout.write(visible(f"{Path(name).name}: {counted or 'no rows'}") + "\n")
            for finding in sorted(findings, key=lambda each: STATUSES.index(each.status)):
                if finding.status != SAME or arguments.all:
                    detail = f"  ({finding.detail})" if finding.detail else ""
                    sys.stdout.write(visible(f"  {finding.status:<16} {finding.what}{detail}") + "\n")
    return 0
