"""One person as many files that mean the same, and as files that know less.

    for path in render(person(7), STYLES["gvcf_gatk"], folder): ...

`STYLES` names every rendering; `render(..., damage=Damage("nocall", sites))` takes knowledge away.
"""

from __future__ import annotations

import gzip
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from tests.simulators import calls as spell
from tests.simulators.blocks import write_bgzf
from tests.simulators.calls import Call
from tests.simulators.genome import interval, table_sites
from tests.simulators.naming import CHROMOSOMES, DECOYS, LENGTHS, name_of
from tests.simulators.people import Person, SiteKey

DAMAGES = ("dropped", "nocall", "no_depth", "filtered", "half_call", "spanning_deletion")


@dataclass(frozen=True, slots=True)
class Style:
    """How a person is written down.  `dialect`: "" for a VCF, else that of a gVCF.  `order`: of the chromosomes."""

    build: str = "GRCh38"
    naming: str = "chr"
    phased: bool = True
    dialect: str = ""
    split: bool = False
    alts: str = "known"
    anchor: str = "left"
    mnp: bool = False
    atomised: bool = False
    star: bool = False
    container: str = "plain"
    index: bool = False
    per_chromosome: bool = False
    decoy_samples: int = 0
    decoy_contigs: bool = False
    diploid_everywhere: bool = False
    order: str = "natural"
    build_line: str = "contig"


@dataclass(frozen=True, slots=True)
class Damage:
    """What is taken away at which sites: one of `DAMAGES`."""

    kind: str = ""
    sites: frozenset[SiteKey] = field(default_factory=frozenset)


NO_DAMAGE = Damage()


def _styles() -> dict[str, Style]:
    plain = Style()
    single = {
        "plain": plain,
        "bgzf": replace(plain, container="bgzf"),
        "bgzf_indexed": replace(plain, container="bgzf", index=True),
        "gzip": replace(plain, container="gzip"),
        "gvcf_gatk": replace(plain, dialect="gatk"),
        "gvcf_dragen": replace(plain, dialect="dragen"),
        "gvcf_deepvariant": replace(plain, dialect="deepvariant"),
        "gvcf_vcf45": replace(plain, dialect="vcf45"),
        "gvcf_dots": replace(plain, dialect="dots"),
        "gvcf_bgzf": replace(plain, dialect="gatk", container="bgzf"),
        "gvcf_bgzf_indexed": replace(plain, dialect="vcf45", container="bgzf", index=True),
        "split": replace(plain, split=True),
        "observed_alts": replace(plain, alts="observed"),
        "right_anchored": replace(plain, anchor="right"),
        "right_anchored_split": replace(plain, anchor="right", split=True),
        "mnp": replace(plain, mnp=True),
        "mnp_gvcf": replace(plain, mnp=True, dialect="gatk"),
        "atomised": replace(plain, atomised=True),
        "star": replace(plain, star=True),
        "no_chr": replace(plain, naming="plain"),
        "plink_names": replace(plain, naming="plink"),
        "refseq_names": replace(plain, naming="refseq"),
        "per_chromosome": replace(plain, per_chromosome=True),
        "per_chromosome_gvcf": replace(plain, per_chromosome=True, dialect="gatk", container="bgzf"),
        "many_samples": replace(plain, decoy_samples=5),
        "many_samples_bgzf": replace(plain, decoy_samples=5, container="bgzf", index=True),
        "decoy_contigs": replace(plain, decoy_contigs=True),
        "decoy_contigs_bgzf": replace(plain, decoy_contigs=True, container="bgzf"),
        "diploid_everywhere": replace(plain, diploid_everywhere=True),
        "lexical_order": replace(plain, order="lexical", container="bgzf"),
        "reference_line": replace(plain, build_line="reference"),
    }
    skip = {"reference_line"}
    lifted = {f"{name}_37": replace(style, build="GRCh37") for name, style in single.items() if name not in skip}
    return single | lifted


STYLES = _styles()


def render(person: Person, style: Style, directory: Path, damage: Damage = NO_DAMAGE) -> list[Path]:
    """The files that hold `person` in `style`: one, or one per chromosome.  The same call writes the same bytes."""
    return save_rows(directory, person, style, rows_of(person, style, damage))


def rows_of(person: Person, style: Style, damage: Damage = NO_DAMAGE, *, lifted: bool = False) -> list[tuple[str, ...]]:
    """Every data line as fields.  `lifted`: at the positions of GRCh38, with the bases of the style's build."""
    return (_Lifted if lifted else _Writer)(person, style, damage).rows()


def save_rows(directory: Path, person: Person, style: Style, rows: list[tuple[str, ...]], more: str = "") -> list[Path]:
    """The files that hold these rows: one, or one per chromosome.  `more`: lines to put into the header."""
    suffix = {"plain": ".vcf", "gzip": ".vcf.gz", "bgzf": ".vcf.gz"}[style.container]
    if not style.per_chromosome:
        return [_save(directory / f"{person.name}{suffix}", person, style, rows, more)]
    present = dict.fromkeys(row[0] for row in rows)
    return [
        _save(directory / f"{person.name}.{name}{suffix}", person, style, [row for row in rows if row[0] == name], more)
        for name in present
    ]


def _save(path: Path, person: Person, style: Style, rows: list[tuple[str, ...]], more: str) -> Path:
    text = "".join("\t".join(row) + "\n" for row in rows)
    header = list(_header(person, style))
    text = "".join((*header[:-1], more, header[-1])) + text
    if style.container == "bgzf":
        write_bgzf(path, text, index=style.index)
    elif style.container == "gzip":
        path.write_bytes(gzip.compress(text.encode(), 6, mtime=0))
    else:
        path.write_text(text, encoding="utf-8", newline="\n")
    return path


def columns_of(person: Person, style: Style) -> list[str]:
    """The sample columns: the person somewhere among the decoys."""
    names = [f"D{number}" for number in range(style.decoy_samples)]
    names.insert(random.Random(person.seed).randint(0, len(names)), person.name)
    return names


def _contigs(style: Style) -> dict[str, int]:
    names = {"natural": CHROMOSOMES, "lexical": tuple(sorted(CHROMOSOMES))}[style.order]
    known = {name_of(name, style.naming, style.build): LENGTHS[style.build][name] for name in names}
    return known | (DECOYS if style.decoy_contigs else {})


def _header(person: Person, style: Style) -> Iterator[str]:
    yield "##fileformat=VCFv4.5\n" if style.dialect == "vcf45" else "##fileformat=VCFv4.2\n"
    yield '##FILTER=<ID=PASS,Description="All filters passed">\n##FILTER=<ID=LowQual,Description="Low quality">\n'
    if style.dialect == "dragen":
        yield '##DRAGENCommandLine=<ID=dragen,Version="4.2",CommandLineOptions="--enable-variant-caller true">\n'
    if style.build_line == "reference":
        yield f"##reference=file:///refs/{style.build}.fa\n"
    for name, length in _contigs(style).items():
        yield (
            f"##contig=<ID={name}>\n" if style.build_line == "reference" else f"##contig=<ID={name},length={length}>\n"
        )
    yield '##INFO=<ID=END,Number=1,Type=Integer,Description="End of block">\n'
    for key, number, kind in (
        ("GT", "1", "String"), ("AD", "R", "Integer"), ("DP", "1", "Integer"), ("GQ", "1", "Integer"),
        ("GQX", "1", "Integer"), ("MIN_DP", "1", "Integer"), ("LEN", "1", "Integer"), ("VAF", "A", "Float"),
        ("PL", "G", "Integer"),
    ):  # fmt: skip
        yield f'##FORMAT=<ID={key},Number={number},Type={kind},Description="{key}">\n'
    if style.dialect in {"gatk", "dragen", "deepvariant", "vcf45"}:
        mark = "NON_REF" if style.dialect in {"gatk", "dragen"} else "*"
        yield f'##ALT=<ID={mark},Description="Any other allele">\n'
    names = "\t".join(columns_of(person, style))
    yield f"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{names}\n"


class _Writer:
    """The rows of one person in one style."""

    def __init__(self, person: Person, style: Style, damage: Damage) -> None:
        self.person, self.style, self.damage = person, style, damage
        self.shift = {(site.chromosome, site.position): site.shift for site in table_sites()}
        self.rng = random.Random(f"{person.seed} rows")
        self.column = columns_of(person, style).index(person.name)

    def rows(self) -> list[tuple[str, ...]]:
        """Every data line as fields, sorted as the header's contigs are."""
        calls = self.calls()
        rows = [row for call in calls if (row := self.row(call)) is not None]
        if self.style.dialect:
            rows += self.blocks(calls)
        if self.style.decoy_contigs:
            rows += self.decoys(calls)
        rank = {name: index for index, name in enumerate(self.contigs())}
        return sorted(rows, key=lambda row: (rank[row[0]], int(row[1])))

    def contigs(self) -> Iterable[str]:
        """The names of the header, in its order."""
        return _contigs(self.style)

    def calls(self) -> list[Call]:
        """The person's calls in the spelling of the style."""
        style = self.style
        alts = "observed" if style.dialect else style.alts
        calls: Iterable[Call] = spell.site_calls(self.person, spell.Spelling(style.build, style.anchor, alts))
        if style.mnp and style.phased:
            calls = spell.join_neighbours(calls, style.build)
        if style.atomised and style.phased:
            calls = spell.atomise(calls)
        if style.split:
            calls = spell.split(calls)
        if style.star:
            calls = spell.mark_deleted(calls)
        if style.dialect:
            known = spell.site_calls(self.person, spell.Spelling(style.build, style.anchor, "known"))
            calls = spell.for_gvcf(calls, known, style.build)
        return list(calls)

    def place(self, key: SiteKey, position: int) -> tuple[str, str]:
        """CHROM and POS as the file writes them."""
        moved = position + (self.shift[key] if self.style.build == "GRCh37" else 0)
        return name_of(key[0], self.style.naming, self.style.build), str(moved)

    def row(self, call: Call) -> tuple[str, ...] | None:
        """One call as a data line, or None when the damage drops it."""
        harmed = self.damage.kind if self.damage.sites.intersection(call.sites) else ""
        if harmed == "dropped":
            return None
        alts = call.alts
        if harmed == "spanning_deletion":
            alts = (*alts, "*")
            call = replace(call, alts=alts, indices=(len(alts), *call.indices[1:]))
        if self.style.dialect in {"gatk", "dragen"}:
            alts = (*alts, "<NON_REF>")
        elif self.style.dialect in {"deepvariant", "vcf45"}:
            alts = (*alts, "<*>")
        keys = {"vcf45": "GT:AD:DP:GQ:LEN"}.get(self.style.dialect, "GT:AD:DP:GQ")
        columns = [self.sample(call, len(alts), harmed)]
        columns += [self.other(call, len(alts)) for _ in range(self.style.decoy_samples)]
        here = self.column
        columns.insert(here, columns.pop(0))
        verdict = "LowQual" if harmed == "filtered" else "PASS"
        fixed = (".", call.ref, ",".join(alts) or ".", "50", verdict, ".", keys)
        return (*self.place(call.sites[0], call.position), *fixed, *columns)

    def genotype(self, call: Call) -> tuple[int, ...]:
        """The allele indices as written: haploid calls twice when the style writes everything diploid."""
        indices = call.indices
        return indices * 2 if len(indices) == 1 and self.style.diploid_everywhere else indices

    def sample(self, call: Call, alts: int, harmed: str) -> str:
        """The person's column."""
        indices, joint = self.genotype(call), "|" if self.style.phased else "/"
        written = [str(index) for index in (indices if self.style.phased else sorted(indices))]
        depth = 30
        if harmed == "nocall":
            return "/".join("." for _ in indices)
        if harmed == "half_call":
            written, joint = [written[-1], "."], "/"
        if harmed == "no_depth":
            return "/".join("0" for _ in indices) + ":" + ",".join(["0"] * (alts + 1)) + ":0:99"
        share = depth // len(indices)
        reads = [share * indices.count(index) for index in range(alts + 1)]
        tail = ":." if self.style.dialect == "vcf45" else ""
        return f"{joint.join(written)}:{','.join(map(str, reads))}:{depth}:99{tail}"

    def other(self, call: Call, alts: int) -> str:
        """Somebody else's column: any genotype the record allows."""
        picked = [self.rng.randint(0, alts) for _ in call.indices]
        gt = self.rng.choice(["|".join(map(str, picked)), "/".join("." for _ in picked)])
        return f"{gt}:{','.join(['10'] * (alts + 1))}:30:40"

    def blocks(self, calls: list[Call]) -> Iterator[tuple[str, ...]]:
        """Reference blocks around every site, cut at arbitrary places, never over a record."""
        for key, start, end in _windows():
            # A genotyped reference site speaks for its first base; a block goes on below the rest of its REF.
            taken = sorted(
                (call.position, call.position if call.forced else call.end)
                for call in calls
                if call.chromosome == key[0] and call.position <= end
            )
            at = start
            for first, last in [*taken, (end + 1, end + 1)]:
                yield from self.run(key, at, min(first - 1, end))
                at = max(at, last + 1)

    def run(self, key: SiteKey, start: int, end: int) -> Iterator[tuple[str, ...]]:
        """Blocks that cover `start..end` without a gap."""
        while start <= end:
            last = min(end, start + self.rng.choice([0, 3, 17, 60, 400, 5000]))
            yield self.block(key, start, last)
            start = last + 1

    def block(self, key: SiteKey, start: int, end: int) -> tuple[str, ...]:
        """One reference block in the words of the dialect."""
        copies = 2 if self.style.diploid_everywhere else self.person.ploidy(key[0])
        zero = "/".join("0" * copies)
        chromosome, position = self.place(key, start)
        stop = self.place(key, end)[1]
        ref = spell.genome_of(self.style.build).base(key[0], start)
        alt, info, keys, sample = {
            "gatk": ("<NON_REF>", f"END={stop}", "GT:DP:GQ:MIN_DP:PL", f"{zero}:31:99:28:0,90,900"),
            "dragen": ("<NON_REF>", f"END={stop}", "GT:AD:DP:GQ:MIN_DP", f"{zero}:31,0:31:87:28"),
            "deepvariant": ("<*>", f"END={stop}", "GT:GQ:MIN_DP:PL", f"{zero}:50:28:0,90,899"),
            "vcf45": ("<*>", ".", "GT:DP:GQ:LEN", f"{zero}:31:99:{end - start + 1}"),
            "dots": (".", f"END={stop}", "GT:GQX:DP", f"{zero}:60:31"),
        }[self.style.dialect]
        return chromosome, position, ".", ref, alt, ".", "PASS", info, keys, sample

    def decoys(self, calls: list[Call]) -> Iterator[tuple[str, ...]]:
        """Contradicting records on contigs that hold copies of the genes."""
        for call, name in zip((call for call in calls if call.alts), DECOYS, strict=False):
            row = self.row(replace(call, indices=(1,) * len(call.indices)))
            if row is not None:
                yield (name, str(1000 + call.position % 1000), *row[2:])


class _Lifted(_Writer):
    """The person moved to GRCh38 by somebody who moved positions and left the bases as they were."""

    def place(self, key: SiteKey, position: int) -> tuple[str, str]:
        """CHROM and POS of GRCh38."""
        return name_of(key[0], self.style.naming, "GRCh38"), str(position)

    def contigs(self) -> Iterable[str]:
        """The names of a header of GRCh38."""
        return _contigs(replace(self.style, build="GRCh38"))


@cache
def _windows() -> list[tuple[SiteKey, int, int]]:
    """Stretches of one chromosome that hold all sites and what indels may shift through, 60 bp around."""
    found: list[tuple[SiteKey, int, int]] = []
    for site in sorted(table_sites(), key=lambda one: (one.chromosome, one.position)):
        low, high = interval(site)
        low, high, key = max(1, low - 60), high + 60, (site.chromosome, site.position)
        if found and found[-1][0][0] == site.chromosome and low <= found[-1][2] + 1:
            found[-1] = (found[-1][0], found[-1][1], max(found[-1][2], high))
        else:
            found.append((key, low, high))
    return found
