"""Genotypes of sites that are linked with VKORC1 rs9923231, as people state them -> on the gene's own strand.

VKORC1 lies on the minus strand: what a VCF calls A/A at rs9934438 is T/T of the gene.  C/T is told from its complement
G/A by its letters.  C and G are each other's complement: of rs8050894 a homozygote means one thing on one strand and
the opposite on the other, so only its heterozygote is believed without the strand.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from starling.dosing.formulas import LINKED, is_weak, vkorc1_from_linked
from starling.errors import InputError
from starling.values import dataclass

#: `C/T`, `G|G+`, `G/G(-)`, `plus:A/A`
_STATED: Final = re.compile(
    r"(?:(?P<word>plus|minus)\s*:\s*)?(?P<one>[ACGT])\s*[/|]\s*(?P<other>[ACGT])\s*\(?(?P<sign>[+-])?\)?", re.IGNORECASE
)
_COMPLEMENT: Final = {"A": "T", "C": "G", "G": "C", "T": "A"}


@dataclass(frozen=True, slots=True)
class Derived:
    """What linked sites say of -1639.  `genotype`: None when they say nothing; `from_`: the site that was used.

    `why`: why sites were left aside, or why nothing follows.
    """

    genotype: str | None
    from_: str | None
    why: tuple[str, ...]


def on_the_gene(site: str, stated: str) -> str:
    """The genotype on the gene's own strand, letters in order.

    Raises: InputError BAD_OPTION, the sender's: an unknown site, other letters, or a strand that must be stated.

    >>> on_the_gene("rs9934438", "G/A"), on_the_gene("rs8050894", "G/G+")  # + is the genome's strand, as in a VCF
    ('C/T', 'C/C')
    """
    if site not in LINKED:
        raise InputError("BAD_OPTION", f"{site!r} is none of {', '.join(LINKED)}", source="linked")
    alleles = {base for genotype in LINKED[site] for base in genotype.split("/")}
    read = _STATED.fullmatch(stated.strip())
    bases = sorted(base.upper() for base in read.group("one", "other")) if read is not None else []
    turned = sorted(_COMPLEMENT[base] for base in bases)
    strand = _strand(read) if read is not None else None
    fitting = [each for each in _readings(bases, turned, strand) if each and set(each) <= alleles]
    if not fitting:
        strands = " on that strand" if strand else ""
        message = f"{site}={stated!r} is not two of {'/'.join(sorted(alleles))}{strands}"
        raise InputError("BAD_OPTION", message, source="linked")
    if len({tuple(each) for each in fitting}) > 1:
        message = (
            f"{site}={stated}: C and G are each other's complement, so the strand must be stated: "
            f"{site}={stated}+ as in a VCF (the genome's strand), {site}={stated}- on the gene's own"
        )
        raise InputError("BAD_OPTION", message, source="linked")
    return "/".join(fitting[0])


def _strand(read: re.Match[str]) -> str | None:
    """`+`: the genome's, as in a VCF; `-`: the gene's own.  Raises: InputError when both ways of saying it differ."""
    word = {"plus": "+", "minus": "-"}.get((read.group("word") or "").lower())
    sign = read.group("sign")
    if word is not None and sign is not None and word != sign:
        raise InputError("BAD_OPTION", f"{read.string!r} states two strands", source="linked")
    return word or sign


def _readings(bases: list[str], turned: list[str], strand: str | None) -> tuple[list[str], ...]:
    return {"+": (turned,), "-": (bases,), None: (bases, turned)}[strand]


def derive(linked: Mapping[str, str], ancestry: str) -> Derived:
    """-1639 from sites on the gene's strand, by the appendix's rules; nothing where the sites contradict each other.

    Source: PMID 19228618, appendix S4 (order of the sites; two of them not in African or unknown ancestry).
    """
    weak = [site for site in linked if is_weak(site, ancestry)]
    usable = {site: genotype for site, genotype in linked.items() if site not in weak}
    why = (f"{', '.join(weak)} not used: linkage is weaker in African, mixed or unstated ancestry",) if weak else ()
    meant = {LINKED[site][genotype] for site, genotype in usable.items()}
    if len(meant) > 1:
        said = " and ".join(f"{site} {genotype}" for site, genotype in usable.items())
        return Derived(None, None, (*why, f"{said} contradict each other"))
    found = vkorc1_from_linked(usable, ancestry)
    return Derived(found[0], found[1], why) if found else Derived(None, None, why)
