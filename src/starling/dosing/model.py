"""A bundle as a dose model: which drug it is for, who vouches for it, how many training patients were like this one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from starling.dosing.pins import PINS
from starling.errors import InputError, ModelError
from starling.prediction import Similar
from starling.runtime.bundle import Bundle, Check
from starling.runtime.card import Tabular
from starling.runtime.inputs import Factors
from starling.runtime.standing import UNSIGNED, Standing, standing_of
from starling.trust.keys import TrustedKey, read_trusted, trust_file
from starling.values import dataclass

#: A smaller group of training patients is never stated: it could tell of persons (ours, as on every published card).
LEAST_PATIENTS: Final = 5


@dataclass(frozen=True, slots=True)
class Group:
    """Training patients that share values of some factors; `median` of their stable doses, None for few patients."""

    values: tuple[str, ...]
    patients: int
    median: float | None


@dataclass(frozen=True, slots=True)
class DoseModel:
    """A model of a dose.  `similar_by`: the factors by which `groups` of training patients are counted.

    `standing`: why it may run.
    """

    bundle: Bundle
    drug: str
    tabular: Tabular
    similar_by: tuple[str, ...]
    groups: tuple[Group, ...]
    standing: Standing = UNSIGNED

    @classmethod
    def load(cls, path: Path, *, unsigned: bool = False, trusted: Sequence[TrustedKey] | None = None) -> DoseModel:
        """The model at `path`, every check passed.

        It came with the program, or a key of `trusted` (None: those of this site) signed it, or `unsigned` says that
        nobody need vouch for it.  Raises: ModelError.
        """
        bundle = read_bundle(path)
        standing = standing_of(bundle, keys_of_site() if trusted is None else trusted)
        if standing.kind == "unsigned" and not unsigned:
            raise ModelError("MODEL_NOT_TRUSTED", f"{bundle.source}: {standing.words}")
        return cls.of(bundle.load(), standing)

    @classmethod
    def of(cls, bundle: Bundle, standing: Standing = UNSIGNED) -> DoseModel:
        """The bundle as a dose model.  Raises: ModelError (MODEL_INVALID) when its card is not that of one."""
        more = bundle.card.more
        try:
            similar = more.get("similar", {})
            by, groups = tuple(map(str, similar.get("by", ()))), tuple(map(_group, similar.get("group", ())))
            drug = str(more["drug"])
            if not set(by) <= {each.name for each in bundle.tabular.inputs}:
                raise ValueError(f"similar: by {', '.join(by)}, which are not all inputs")
            if any(len(each.values) != len(by) for each in groups):
                raise ValueError("similar: a group does not state a value for each factor")
        except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            message = f"{bundle.source}: model.toml: {type(error).__name__} {error}"
            raise ModelError("MODEL_INVALID", message) from error
        return cls(bundle, drug, bundle.tabular, by, groups, standing)

    def similar(self, factors: Factors) -> Similar | None:
        """How many training patients share the card's group with this one: a count, never persons."""
        if not self.similar_by:
            return None
        values = tuple(str(factors[name]) for name in self.similar_by)
        labels = {each.name: each.label for each in self.tabular.inputs}
        words = ", ".join(f"{labels[name]} {value}" for name, value in zip(self.similar_by, values, strict=True))
        group = next((each for each in self.groups if each.values == values), None)
        return Similar(words, group.patients if group else None, group.median if group else None)


def bundled(name: str) -> Path:
    """Where the bundle of that name came with the program."""
    return Path(__file__).parent / "bundles" / name


def read_bundle(path: Path) -> Bundle:
    """The files at `path`, of which the program knows whether they came with it.  Raises: ModelError."""
    return Bundle.read(path, pinned=frozenset(PINS.values()))


def keys_of_site() -> tuple[TrustedKey, ...]:
    """The keys that this site trusts.  Raises: ModelError when the file that names them is damaged."""
    try:
        return read_trusted(trust_file())
    except InputError as error:
        raise ModelError("MODEL_NOT_TRUSTED", f"the keys of this site cannot be read: {error.message}") from error


def verify(bundle: Bundle) -> Iterator[Check]:
    """Everything that must hold of the bundle, of who vouches for it, and of its card as that of a dose model."""
    for check in bundle.verify():
        yield check
        if not check.holds:
            return
        if check.name == "digest":
            yield _trust(bundle)
    try:
        DoseModel.of(bundle)
    except ModelError as error:
        yield Check("dose", holds=False, detail=error.message)


def _trust(bundle: Bundle) -> Check:
    """Who vouches for it; that nobody does is no fault of the bundle, and is said."""
    try:
        standing = standing_of(bundle, keys_of_site())
    except ModelError as error:
        return Check("trust", holds=False, detail=error.message)
    rest = "; it runs with --unsigned only" if standing.kind == "unsigned" else ""
    return Check("trust", holds=True, detail=f"{standing.words}{rest}", looked=standing.kind != "unsigned")


def _group(row: Mapping[str, Any]) -> Group:
    median = row.get("median")
    group = Group(tuple(map(str, row["values"])), int(row["patients"]), None if median is None else float(median))
    if group.patients < LEAST_PATIENTS:
        raise ValueError(f"similar: a group of {group.patients} training patients is too small to be stated")
    return group
