"""Where a file's silence may be read as reference: because an option says so, or a callable-regions file does.

"Not assayed is never reference" is the rule; these are its two exceptions, and every use of them is counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from starling.assessment import Options
from starling.formats.content import Described
from starling.source.sites import GeneSpan, SiteMap, Slot

Intervals = Sequence[tuple[int, int]]

#: A file with fewer records is a panel, an array or an exome, not a genome in which silence means reference.
#: Source: this project's reading rules (docs/explanation/reading.md); a genome has some 4 to 5 million (PMID 26432245).
LEAST_RECORDS: Final = 1_000_000
#: A gene lies in a covered region when the file has records this close on both sides.
#: Source: this project's reading rules (docs/explanation/reading.md).
NEIGHBOURHOOD: Final = 1_000_000


def filled_slots(sites: SiteMap, genes: frozenset[str], callable_: Mapping[str, Intervals]) -> frozenset[int]:
    """The slots of `genes`, and those that lie wholly in a callable interval (in the build of `sites`)."""
    found = {number for gene in sites.genes if gene.gene in genes for number in gene.slots}
    for slot in sites.slots if callable_ else ():
        if _inside(slot, callable_.get(slot.locus.chromosome, ())):
            found.add(slot.number)
    return frozenset(found)


def fillable_genes(file: Described, sites: SiteMap, names: Mapping[str, str], options: Options) -> frozenset[str]:
    """The genes in which the file's silence is reference because an option says so."""
    if options.absent_is_reference == "no" or file.is_gvcf:
        return frozenset()
    if options.absent_is_reference == "yes" and (file.record_count or 0) < LEAST_RECORDS:
        return frozenset()
    return frozenset(gene.gene for gene in sites.genes if _may_fill(gene, file, names, options))


def _inside(slot: Slot, intervals: Intervals) -> bool:
    """Whether the whole slot, an indel with all its stretch, lies in one interval."""
    return any(start <= slot.start and slot.last <= end for start, end in intervals)


def _may_fill(gene: GeneSpan, file: Described, names: Mapping[str, str], options: Options) -> bool:
    own = [name for name, chromosome in names.items() if chromosome == gene.chromosome]
    if gene.chromosome == "chrM":
        return any(file.has_record_near(name, 1, gene.end + NEIGHBOURHOOD) for name in own)
    if options.absent_is_reference == "force":
        return True
    before = (max(1, gene.start - NEIGHBOURHOOD), gene.start - 1)
    after = (gene.end + 1, gene.end + NEIGHBOURHOOD)
    return any(file.has_record_near(name, *before) and file.has_record_near(name, *after) for name in own)
