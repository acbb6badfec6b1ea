"""The evidence of one shard: every record inside the gene regions, for all its people, in one Parquet file.

A row is a record of one file, or the same record of several one-person files.  From these rows the people can be
called again when the knowledge changes, as long as a site lies in a region that was kept: a site outside every kept
region is not assayed, never reference.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from starling.assessment import Options
from starling.cohort.collect.columns import Coded
from starling.errors import InputError
from starling.formats.record import Record
from starling.formats.regions import merge
from starling.source.fill import Intervals
from starling.source.witness import Testimony
from starling.values import asdict, dataclass, field
from starling.vocabulary import BuildName, Locus

if TYPE_CHECKING:
    import pyarrow as pa

#: Kept on both sides of a gene, in bases, so that most sites of a later definition are covered.
#: Source: this project's rule for evidence (docs/how-to/biobank.md).
MARGIN: Final = 1_000
SCHEMA: Final = 4
_META: Final = b"starling-evidence"
#: A row group holds about this many statements that differ from the usual one, or this many rows: memory is bounded.
_GROUP_CELLS: Final = 500_000
_GROUP_ROWS: Final = 4_096


@dataclass(frozen=True, slots=True)
class FileProfile:
    """What must be known of a source file to call its people again, beside its records.

    `fillable`: genes in which its silence is reference because an option said so.  `callable`: chromosome ->
    intervals that a BED file called callable.  `covered`: chromosome -> intervals of which every record was kept.
    All positions are in the file's own build.  `testimony`: what its records show of it.  `supported`: some
    column has depths or qualities.
    """

    name: str
    size: int | None
    file_sha256: str | None
    reader: str
    build: BuildName
    mitochondrial_reference_known: bool
    mitochondrial_refused: bool
    is_gvcf: bool
    fillable: tuple[str, ...]
    callable: Mapping[str, Intervals]
    covered: Mapping[str, Intervals]
    testimony: Testimony = Testimony()
    supported: bool = False

    def covers(self, chromosome: str, start: int, end: int) -> bool:
        """Whether every record at `start..end` was kept."""
        return any(first <= start and end <= last for first, last in self.covered.get(chromosome, ()))


@dataclass(frozen=True, slots=True)
class Holdings:
    """Who is in a shard and where their data came from.

    `layers[k][i]`: the file (index into `files`) that is person i's k-th, -1 for none.  `phase_sets`: (layer,
    chromosome) -> the people whose column names phase sets there.  `sex`, `statements`: what is stated -> of whom.
    """

    people: tuple[str, ...]
    files: tuple[FileProfile, ...]
    layers: tuple[tuple[int, ...], ...]
    phase_sets: Mapping[tuple[int, str], tuple[int, ...]] = field(default_factory=dict)
    sex: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    statements: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    options: Options = Options()


@dataclass(frozen=True, slots=True)
class Row:
    """One record with what each person states in it.  `chromosome` is ours (`chr10`); positions are of `build`."""

    layer: int
    build: BuildName
    chromosome: str
    position: int
    end: int
    ref: str
    alts: tuple[str, ...]
    filter: str
    format: tuple[str, ...]
    coded: Coded

    def record(self, columns: Sequence[str]) -> Record:
        """The record with these sample columns."""
        return Record(
            chromosome=self.chromosome,
            position=self.position,
            ref=self.ref,
            alts=self.alts,
            filter=self.filter,
            info="",
            format=self.format,
            columns=columns,
            end=self.end,
            source="evidence",
        )


def write_evidence(path: Path, rows: Iterable[Row], holdings: Any) -> None:
    """`path` holds the rows and, at its end, what `holdings()` then returns: it may be known only after the rows.

    The caller renames; a file that was not finished cannot be opened.
    """
    import pyarrow.parquet as pq

    with pq.ParquetWriter(
        path,
        _schema(),
        compression="zstd",
        write_page_checksum=True,
        use_dictionary=["chromosome", "build", "filter", "format", "texts.list.element"],
        column_encoding={"people.list.element": "DELTA_BINARY_PACKED"},
    ) as writer:
        for group in _groups(rows):
            writer.write_table(_table(group), row_group_size=len(group))
        writer.add_key_value_metadata({_META: json.dumps(_described(holdings())).encode()})


def _groups(rows: Iterable[Row]) -> Iterator[list[Row]]:
    group: list[Row] = []
    cells = 0
    for row in rows:
        group.append(row)
        cells += len(row.coded.people)
        if cells >= _GROUP_CELLS or len(group) >= _GROUP_ROWS:
            yield group
            group, cells = [], 0
    if group:
        yield group


def _schema() -> pa.Schema:
    import pyarrow as pa

    number = pa.list_(pa.field("element", pa.uint32()))
    return pa.schema(
        [
            ("layer", pa.int16()),
            ("build", pa.string()),
            ("chromosome", pa.string()),
            ("position", pa.int32()),
            ("end", pa.int32()),
            ("ref", pa.string()),
            ("alts", pa.list_(pa.field("element", pa.string()))),
            ("filter", pa.string()),
            ("format", pa.string()),
            ("texts", pa.list_(pa.field("element", pa.string()))),
            ("default", pa.uint32()),
            ("people", number),
            ("codes", number),
        ]
    )


def _table(rows: Sequence[Row]) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    offsets = np.cumsum([0, *(len(row.coded.people) for row in rows)], dtype=np.int32)
    people = np.concatenate([row.coded.people for row in rows])
    codes = np.concatenate([row.coded.codes for row in rows])
    plain = {
        "layer": [row.layer for row in rows],
        "build": [row.build for row in rows],
        "chromosome": [row.chromosome for row in rows],
        "position": [row.position for row in rows],
        "end": [row.end for row in rows],
        "ref": [row.ref for row in rows],
        "alts": [row.alts for row in rows],
        "filter": [row.filter for row in rows],
        "format": [":".join(row.format) for row in rows],
        "texts": [row.coded.texts for row in rows],
        "default": [row.coded.default for row in rows],
    }
    schema = _schema()
    columns = [pa.array(values, schema.field(name).type) for name, values in plain.items()]
    lists = [
        pa.ListArray.from_arrays(offsets, pa.array(values), type=schema.field("people").type)
        for values in (people, codes)
    ]
    return pa.Table.from_arrays([*columns, *lists], schema=schema)


class Evidence:
    """An open evidence file: `holdings`, and its rows as often as wanted.

    Raises: InputError BAD_EVIDENCE when the file is damaged, incomplete, or of another schema.
    """

    def __init__(self, path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.path = path
        try:
            self._file = pq.ParquetFile(path, page_checksum_verification=True)
            stated = (self._file.metadata.metadata or {})[_META]
            self.holdings = _holdings(json.loads(stated))
        except OSError as error:
            message = "not a readable Parquet file: damaged or incomplete"
            raise InputError("BAD_EVIDENCE", message, source=path.name) from error
        except (KeyError, ValueError, TypeError, pa.ArrowException) as error:
            raise InputError("BAD_EVIDENCE", "not an evidence file of this version", source=path.name) from error

    def close(self) -> None:
        """The file is released."""
        self._file.close()

    def rows(self, wanted: Mapping[tuple[str, str], Intervals]) -> Iterator[Row]:
        """Every row that overlaps an interval of `wanted`: (build, chromosome) -> intervals."""
        import pyarrow as pa

        for number in range(self._file.num_row_groups):
            try:
                table = self._file.read_row_group(number, columns=["build", "chromosome", "position", "end"])
                places = list(_touched(table, wanted))
                if places:
                    yield from _rows(self._file.read_row_group(number), places)
            except (OSError, pa.ArrowException) as error:
                raise InputError("BAD_EVIDENCE", f"row group {number} is damaged", source=self.path.name) from error


def _touched(table: pa.Table, wanted: Mapping[tuple[str, str], Intervals]) -> Iterator[int]:
    """The places of the rows that overlap a wanted interval."""
    import numpy as np

    starts, ends, builds, chromosomes = (table[name].to_numpy() for name in ("position", "end", "build", "chromosome"))
    found = np.zeros(len(table), bool)
    for (build, chromosome), spans in wanted.items():
        places = np.flatnonzero((builds == build) & (chromosomes == chromosome))
        if len(places):
            firsts, lasts = np.array(merge(spans)).T
            after = np.searchsorted(lasts, starts[places])
            inside = after < len(lasts)
            found[places[inside]] |= firsts[after[inside]] <= ends[places[inside]]
    yield from np.flatnonzero(found).tolist()


def _rows(table: pa.Table, places: Sequence[int]) -> Iterator[Row]:
    """The rows at `places` of a row group."""
    taken = table.combine_chunks()
    plain = taken.drop_columns(["people", "codes"])
    people, codes = (_one_chunk(taken[name]) for name in ("people", "codes"))
    offsets = people.offsets.to_numpy()
    who, what = people.values.to_numpy(), codes.values.to_numpy()
    for place in places:
        (row,) = plain.slice(place, 1).to_pylist()
        own = slice(offsets[place], offsets[place + 1])
        yield Row(
            layer=row["layer"],
            build=row["build"],
            chromosome=row["chromosome"],
            position=row["position"],
            end=row["end"],
            ref=row["ref"],
            alts=tuple(row["alts"]),
            filter=row["filter"],
            format=tuple(row["format"].split(":")),
            # copies, so that a row that is kept does not keep its whole group
            coded=Coded(tuple(row["texts"]), row["default"], who[own].copy(), what[own].copy()),
        )


def _one_chunk(column: pa.ChunkedArray) -> Any:
    return column.chunk(0)


def _described(holdings: Holdings) -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "people": holdings.people,
        "files": [asdict(profile) for profile in holdings.files],
        "layers": holdings.layers,
        "phase_sets": [[layer, name, people] for (layer, name), people in holdings.phase_sets.items()],
        "sex": dict(holdings.sex),
        "statements": dict(holdings.statements),
        "options": asdict(holdings.options),
    }


def _holdings(stated: dict[str, Any]) -> Holdings:
    if stated["schema"] != SCHEMA:
        raise ValueError(f"schema {stated['schema']}")
    return Holdings(
        people=tuple(stated["people"]),
        files=tuple(_profile(each) for each in stated["files"]),
        layers=tuple(tuple(layer) for layer in stated["layers"]),
        phase_sets={(layer, name): tuple(people) for layer, name, people in stated["phase_sets"]},
        sex={sex: tuple(people) for sex, people in stated["sex"].items()},
        statements={text: tuple(people) for text, people in stated["statements"].items()},
        options=Options(**{**stated["options"], "sources": tuple(stated["options"]["sources"])}),
    )


def _profile(stated: dict[str, Any]) -> FileProfile:
    intervals = {
        name: {chromosome: tuple(map(tuple, spans)) for chromosome, spans in stated[name].items()}
        for name in ("callable", "covered")
    }
    read = {"fillable": tuple(stated["fillable"]), "testimony": _testimony(stated["testimony"])}
    return FileProfile(**{**stated, **intervals, **read})


def _testimony(stated: dict[str, Any]) -> Testimony:
    told = ("wrong", "of_other_build", "unconfirmed")
    places = {name: tuple((Locus(*place), text) for place, text in stated[name]) for name in told}
    return Testimony(**{**stated, **places, "beside": tuple(Locus(*place) for place in stated["beside"])})
