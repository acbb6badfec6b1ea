"""Who sent outside results, of whom, and what of them is about no gene that is known: the notices of provenance."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from starling.calling.wording import states_nothing
from starling.definitions import GeneDefinition
from starling.errors import InputError
from starling.values import replace
from starling.vocabulary import Notice, OutsideCall


def named(
    outside: Iterable[OutsideCall],
    genes: Sequence[str],
    definitions: Mapping[str, GeneDefinition],
    coded: Callable[[], Mapping[str, str]] = dict,
) -> tuple[OutsideCall, ...]:
    """The calls with their genes as the knowledge base names them; one that it does not know keeps its name.

    `coded`: code of HGNC -> gene, asked for when a gene is written with its code: `CYP2D6 (HGNC:2625)`.
    Raises: InputError BAD_OUTSIDE_CALL, the sender's, when name and code are of two genes.
    """
    known = {_plain(gene): gene for gene in genes}
    return tuple(
        replace(
            call,
            gene=_by_code(call, known, coded())
            if call.gene.endswith(")") and "(HGNC:" in call.gene
            else known.get(_plain(call.gene)) or _by_place(call, definitions),
        )
        for call in outside
    )


def _by_code(call: OutsideCall, known: Mapping[str, str], coded: Mapping[str, str]) -> str:
    """The gene that both its name and its code mean; the code decides where there is no name that is known."""
    name, _, code = call.gene.removesuffix(")").rpartition("(")
    by_name, by_code = known.get(_plain(name)), coded.get(code)
    if by_name is not None and by_name != by_code:
        meant = by_code or "another gene"
        message = f"{by_name} is written with the code of {meant} ({code}); ask the laboratory which it means"
        raise InputError("BAD_OUTSIDE_CALL", message, source=call.file or None, line=call.line)
    return by_code or call.gene


def _plain(gene: str) -> str:
    return gene.casefold().replace("-", "").replace("_", "").replace(" ", "")


def _by_place(call: OutsideCall, definitions: Mapping[str, GeneDefinition]) -> str:
    """The gene that has a site at the place which stands for its name, in either build; the name when there is none."""
    chromosome, separator, place = call.gene.partition(":")
    if not separator or not place.isdigit():
        return call.gene
    position = int(place)
    for gene, definition in definitions.items():
        near = any(
            min(abs(position - site.position), abs(position - (site.position_grch37 or 0))) <= 1
            for site in definition.sites
        )
        if definition.chromosome == f"chr{chromosome}" and near:
            return gene
    raise InputError(
        "BAD_OUTSIDE_CALL",
        f"{call.tool} does not name the gene, and no gene here has a site at {call.gene}; put it into the file's name",
        source=call.file or None,
        line=call.line,
    )


def of_person(outside: Sequence[OutsideCall], sample: str) -> tuple[OutsideCall, ...]:
    """What is stated of this person, where a file holds several.

    Raises: InputError SEVERAL_PATIENTS when it holds several, none of whom is this one.
    """
    kept: list[OutsideCall] = []
    for file, calls in _by_file(outside).items():
        people = list(dict.fromkeys(call.sample for call in calls if call.sample))
        if len(people) > 1 and sample not in people:
            shown = ", ".join(people[:5])
            message = f"holds results of {len(people)} people ({shown}), none of whom is {sample}; name one by --sample"
            raise InputError("SEVERAL_PATIENTS", message, source=file or None)
        kept += [call for call in calls if len(people) < 2 or call.sample in {"", sample}]
    return tuple(kept)


def sender_notices(outside: Sequence[OutsideCall], genes: Sequence[str], sample: str) -> tuple[Notice, ...]:
    """Which tool wrote each file, whose it is where the name is another, and what was passed over.

    That are genes that nobody here knows, and words that are no result (`NO_MATCH/NO_MATCH`).
    """
    return tuple(notice for file, calls in _by_file(outside).items() for notice in _of_file(file, calls, genes, sample))


def _of_file(file: str, calls: Sequence[OutsideCall], genes: Sequence[str], sample: str) -> Iterator[Notice]:
    where = f"{file}: " if file else ""
    known = [call for call in calls if call.gene in genes]
    about = ", ".join(dict.fromkeys(call.gene for call in known)) or "none"
    for tool in dict.fromkeys(call.tool for call in calls if call.tool):
        yield Notice("OUTSIDE_TOOL", f"{where}results of {tool}; genes: {about}.")
    others = [call for call in calls if call.gene not in genes]
    if others:
        named = ", ".join(f"{call.gene} ({_said(call)})" for call in others)
        yield Notice("GENES_NOT_COVERED", f"{where}not covered here and passed over: {named}.")
    empty = [call for call in known if _said(call) and _is_no_result(call)]
    if empty:
        named = ", ".join(f"{call.gene} ({_said(call)})" for call in empty)
        yield Notice("OUTSIDE_NO_CALL", f"{where}no result, and passed over: {named}.")
    people = {call.sample for call in calls if call.sample}
    if people and people != {sample}:
        (person,) = people if len(people) == 1 else (sample,)
        text = f"{where}results of {person}, the input is of {sample}; make sure that they are one person."
        if person != sample:
            yield Notice("OUTSIDE_SAMPLE", text)


def _is_no_result(call: OutsideCall) -> bool:
    return not call.activity_score and states_nothing(call.diplotype) and states_nothing(call.phenotype)


def _said(call: OutsideCall) -> str:
    said = call.diplotype or call.phenotype or call.activity_score
    return said[:60] + ("..." if len(said) > 60 else "")


def _by_file(outside: Sequence[OutsideCall]) -> dict[str, list[OutsideCall]]:
    files: dict[str, list[OutsideCall]] = {}
    for call in outside:
        files.setdefault(call.file, []).append(call)
    return files
