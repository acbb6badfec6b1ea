"""Warfarin for adults who start it with an INR target of 2 to 3: exactly one CPIC recommendation, always.

Source: CPIC guideline 2017, PMID 28198005, Figure 2.  Children have a figure of their own, which is not computed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from starling.assessment import Advice, Condition, Dose, GeneResult, Recommendation
from starling.definitions import Guideline
from starling.guidance.ancestry import group_of
from starling.guidance.facts import is_child
from starling.guidance.flows.answer import Flow, FlowAnswer, single_diplotype
from starling.values import dataclass, replace
from starling.vocabulary import Notice

WARFARIN: Final = "warfarin"
Ancestry = Literal["african", "other", "unknown"]

#: CYP2C9 alleles that enter a dosing algorithm as *1 and then lower its dose.
LOWERING_ALLELES: Final = ("*5", "*6", "*8", "*11")
CLUSTER_VARIANT: Final = "rs12777823"
RAISING_ALLELES: Final = frozenset({"*3", "*4"})

_ALGORITHM: Final = (
    "calculate the dose with a published pharmacogenetic algorithm (clinical factors, VKORC1 rs9923231, CYP2C9 *2, *3)"
)
_CLINICALLY: Final = "dose clinically, without genotype"
_POOR: Final = "Poor Metabolizer"
_ALTERNATIVE: Final = "CYP2C9 poor metaboliser: consider an alternative oral anticoagulant"
_ANOTHER: Final = "an oral anticoagulant other than warfarin"
_LOADING: Final = Condition(
    "a loading dose is wanted: the EU-PACT scheme; it has not been validated in African ancestry", "adjust_dose"
)
_SCOPE: Final = (
    "For adults starting warfarin, INR target 2-3. Children: a separate recommendation, not computed here. "
    "Data for African ancestry are from African Americans, mainly of West African origin."
)


#: Figure 2 is for adults.  Source: PMID 28198005, which has a figure of its own for children.
_CHILD: Final = Advice(
    id="FLOW-WARFARIN-CHILD",
    action="no_recommendation",
    summary="No warfarin dose is computed below 18 years: the formulas and the figure used here are those of adults.",
    detail="The guideline has a separate figure for children, which is not computed here: use a paediatric scheme.",
    monitor=("INR",),
)


@dataclass(frozen=True, slots=True)
class _Branch:
    """What the figure says for one ancestry."""

    action: str
    text: str
    dose: tuple[Dose, ...] = ()
    conditions: tuple[Condition, ...] = ()


#: A term of VKORC1 -> what it is another name of: -1639G>A is rs9923231 C>T.  Source: PMID 28198005.
_ALLELES_OF: Final = {
    "-1639 AA": ("rs9923231 variant (T)", "rs9923231 variant (T)"),
    "-1639 AG": ("rs9923231 reference (C)", "rs9923231 variant (T)"),
    "-1639 GG": ("rs9923231 reference (C)", "rs9923231 reference (C)"),
}


@dataclass(frozen=True, slots=True)
class _Genotype:
    """What the flow reads from the gene results; `lowering_called`: whether *5, *6, *8 and *11 were all looked at."""

    cyp2c9: tuple[str, ...]
    vkorc1: tuple[str, ...]
    is_poor: bool
    lowering_called: bool
    cluster_copies: int | None
    raises: bool


def ancestry_of(subject: Mapping[str, str]) -> Ancestry:
    """The branch of the figure that `subject["ancestry"]` names; `unknown` for anything not listed.

    >>> ancestry_of({"ancestry": "mixed"})  # both branches are then shown
    'unknown'
    """
    group = group_of(subject.get("ancestry", ""))
    return "african" if group == "black" else "other" if group in {"asian", "white", "other"} else "unknown"


def without_adult_dose(row: Recommendation, subject: Mapping[str, str]) -> Recommendation:
    """For a child: that the result asks for another dose, and no number, since those of the sources are of adults.

    Source: US label of warfarin, section 8.4: no adequate studies in children; PMID 28198005: a figure of their own.
    """
    if not is_child(subject) or row.action in {"standard", "no_recommendation"}:
        return row
    lower = "a lower" if row.action == "reduce_dose" else "another"
    summary = (
        f"This result means {lower} warfarin dose than usual; the numbers of this source are those of adults: "
        "use a paediatric scheme."
    )
    kept = replace(row.advice, summary=summary, detail="", dose=(), conditions=(), fallback=None)
    return replace(row, advice=kept)


def advise(
    drug: str, guideline: Guideline, results: Mapping[str, GeneResult], subject: Mapping[str, str]
) -> FlowAnswer:
    """Exactly one recommendation, and the genes without which warfarin is dosed clinically.

    Source: PMID 28198005, Figure 2.
    """
    if is_child(subject):
        return FlowAnswer((_recommendation(drug, guideline, _CHILD, {}, "N/A", ()),))
    cyp2c9, vkorc1 = single_diplotype(results, "CYP2C9"), _vkorc1(results)
    unread = _unread_alleles(results.get("CYP2C9"))
    if cyp2c9 is None or vkorc1 is None or unread:
        missing = _missing(results, vkorc1)
        called = (*(("CYP2C9",) if cyp2c9 is None or unread else ()), *(("VKORC1",) if vkorc1 is None else ()))
        advice = _clinically(called, unread, poor=_is_poor(results))
        genes = {"CYP2C9": _POOR} if _is_poor(results) else {}
        notes = tuple(_possibly_poor(results))
        return FlowAnswer((_recommendation(drug, guideline, advice, genes, "N/A", notes),), missing)
    genotype = _Genotype(
        cyp2c9=cyp2c9,
        vkorc1=vkorc1,
        is_poor=_is_poor(results),
        lowering_called=_lowering_called(results["CYP2C9"], cyp2c9),
        cluster_copies=_cluster_copies(results["CYP2C9"]),
        raises=_raises(results.get("CYP4F2")),
    )
    ancestry = ancestry_of(subject)
    advice = _advice(genotype, ancestry)
    genes = {"CYP2C9": "/".join(cyp2c9), "VKORC1": "/".join(vkorc1)}
    strength = {"african": "Moderate", "other": "Strong", "unknown": "Strong (African ancestry: Moderate)"}[ancestry]
    notes = tuple(_notes(genotype, ancestry, results))
    return FlowAnswer((_recommendation(drug, guideline, advice, genes, strength, notes),))


def _vkorc1(results: Mapping[str, GeneResult]) -> tuple[str, ...] | None:
    """The alleles of rs9923231; a laboratory that states the term has stated the genotype, of which it is a name."""
    alleles, result = single_diplotype(results, "VKORC1"), results.get("VKORC1")
    if alleles is not None or result is None or result.diplotypes or result.source != "outside":
        return alleles
    return _ALLELES_OF.get(result.phenotype or "")


def _is_poor(results: Mapping[str, GeneResult]) -> bool:
    result = results.get("CYP2C9")
    return result is not None and result.phenotype == _POOR and not result.research_only


def _unread_alleles(result: GeneResult | None) -> tuple[str, ...]:
    """Those of *2 and *3 that were not looked at: without them CYP2C9 counts as not called."""
    return tuple(sorted({"*2", "*3"}.intersection(result.cannot_exclude))) if result is not None else ()


def _missing(results: Mapping[str, GeneResult], vkorc1: tuple[str, ...] | None) -> tuple[str, ...]:
    """The genes without which the dose is found clinically; a stated phenotype of a poor metaboliser is a result."""
    genes = [] if _is_poor(results) else ["CYP2C9"]
    whole = single_diplotype(results, "CYP2C9") is not None and not _unread_alleles(results.get("CYP2C9"))
    return (*([] if whole else genes), *(["VKORC1"] if vkorc1 is None else []))


def _clinically(uncalled: tuple[str, ...], unread: tuple[str, ...], *, poor: bool) -> Advice:
    """Without both genotypes; a poor metaboliser considers another anticoagulant first, whatever the alleles."""
    said = " and ".join(
        f"CYP2C9 ({' and '.join(unread)} not called)" if gene == "CYP2C9" and unread else gene for gene in uncalled
    )
    clinically = f"{_CLINICALLY}: {said} not determined"
    if poor:
        lacking = clinically.replace("CYP2C9 not determined", "CYP2C9 alleles not determined")
        return Advice(
            id="FLOW-WARFARIN-POOR-CLINICAL",
            action="consider_alternative",
            summary=f"{_ALTERNATIVE}.",
            detail=_SCOPE,
            alternatives=(_ANOTHER,),
            monitor=("INR",),
            fallback=Condition(f"warfarin is still chosen: {lacking}; poor metabolisers need less", "adjust_dose"),
            genes_missing=uncalled,
        )
    return Advice(
        id="FLOW-WARFARIN-CLINICAL",
        action="no_recommendation",
        summary=f"Dose warfarin clinically, without genotype: {said} not determined.",
        detail=_SCOPE,
        monitor=("INR",),
        genes_missing=uncalled,
    )


def _advice(genotype: _Genotype, ancestry: Ancestry) -> Advice:
    african, other = _african(genotype), _other(genotype)
    chosen = {"african": african, "other": other}.get(ancestry)
    conditions: tuple[Condition, ...] = ()
    if chosen is None:
        conditions = (
            Condition(f"African ancestry: {african.text}", african.action, african.dose),
            Condition(f"ancestry other than African: {other.text}", other.action, other.dose),
        )
        text = f"Ancestry is not stated: {_ALGORITHM}; what follows differs by ancestry, see the conditions"
        chosen = _Branch("adjust_dose", text, (), other.conditions)
    fallback = None
    action, text = chosen.action, chosen.text
    if genotype.is_poor:
        fallback = Condition(f"warfarin is still chosen: {chosen.text}", chosen.action, chosen.dose)
        action, text = "consider_alternative", _ALTERNATIVE
    return Advice(
        id=f"FLOW-WARFARIN-{'POOR-' if genotype.is_poor else ''}{ancestry.upper()}",
        action=action,
        summary=f"{text[0].upper()}{text[1:]}.",
        detail=_SCOPE,
        dose=() if genotype.is_poor else chosen.dose,
        alternatives=(_ANOTHER,) if genotype.is_poor else (),
        monitor=("INR",),
        titrate=True,
        conditions=(*conditions, *chosen.conditions, _LOADING),
        fallback=fallback,
    )


def _african(genotype: _Genotype) -> _Branch:
    if not genotype.lowering_called:
        called = ", ".join(LOWERING_ALLELES)
        return _Branch("no_recommendation", f"{_CLINICALLY}: CYP2C9 {called} were not all called")
    dose = _lowered(genotype)
    if genotype.cluster_copies:
        text = f"10% to 25% below the calculated dose ({CLUSTER_VARIANT} A carrier)"
        dose += (Dose(basis="calculated", factor_min=0.75, factor_max=0.9, text=text),)
    return _branch(dose)


def _other(genotype: _Genotype) -> _Branch:
    """Source: the increase for CYP4F2 rs2108622 T is optional in the guideline."""
    if not genotype.raises:
        return _branch(_lowered(genotype))
    text = "5% to 10% above the calculated dose (CYP4F2 rs2108622 T carrier)"
    raised = Dose(basis="calculated", factor_min=1.05, factor_max=1.1, text=text)
    when = "optional, ancestry other than African: CYP4F2 *3 or *4 (rs2108622 T) is carried"
    return _branch(_lowered(genotype), (Condition(when, "increase_dose", (raised,)),))


def _branch(dose: tuple[Dose, ...], conditions: tuple[Condition, ...] = ()) -> _Branch:
    lowered = "; then " + ", and ".join(each.text for each in dose) if dose else ""
    return _Branch("adjust_dose", _ALGORITHM + lowered, dose, conditions)


def _lowered(genotype: _Genotype) -> tuple[Dose, ...]:
    """The reduction for *5, *6, *8, *11, applied once: the algorithm counts these alleles as *1."""
    carried = [allele for allele in genotype.cyp2c9 if allele in LOWERING_ALLELES]
    if not carried:
        return ()
    low, high = (0.6, 0.8) if len(carried) == 2 else (0.7, 0.85)
    span = "20% to 40%" if len(carried) == 2 else "15% to 30%"
    text = f"{span} below the calculated dose (CYP2C9 {'/'.join(carried)}, entered in the algorithm as *1)"
    return (Dose(basis="calculated", factor_min=low, factor_max=high, text=text),)


def _lowering_called(result: GeneResult, alleles: tuple[str, ...]) -> bool:
    """Whether all four were looked at; an outside *1 does not say what the laboratory tested."""
    if result.source == "outside":
        return "*1" not in alleles
    return not set(LOWERING_ALLELES) & set(result.cannot_exclude)


def _cluster_copies(result: GeneResult) -> int | None:
    return next((each.copies for each in result.variants if each.name == CLUSTER_VARIANT), None)


def _raises(result: GeneResult | None) -> bool:
    return bool(result and result.diplotypes) and all(
        RAISING_ALLELES.intersection(alleles) for alleles in (result.diplotypes if result else ())
    )


def _notes(genotype: _Genotype, ancestry: Ancestry, results: Mapping[str, GeneResult]) -> list[Notice]:
    notes = []
    if ancestry != "other" and genotype.lowering_called and genotype.cluster_copies is None:
        text = f"{CLUSTER_VARIANT} was not called: a further 10% to 25% reduction in African ancestry cannot be judged."
        notes.append(Notice("VARIANT_NOT_CALLED", text))
    cyp4f2 = results.get("CYP4F2")
    if ancestry != "african" and (cyp4f2 is None or not cyp4f2.diplotypes):
        text = "CYP4F2 was not called: the optional 5% to 10% increase cannot be judged."
        notes.append(Notice("VARIANT_NOT_CALLED", text))
    unsure = sorted(set(LOWERING_ALLELES).intersection(results["CYP2C9"].cannot_exclude))
    if unsure:
        text = f"CYP2C9 {', '.join(unsure)} cannot be excluded; the dose may have to be lower."
        notes.append(Notice("ALLELES_NOT_EXCLUDED", text))
    return [*notes, *_possibly_poor(results)]


def _possibly_poor(results: Mapping[str, GeneResult]) -> list[Notice]:
    result = results.get("CYP2C9")
    if result is None or _is_poor(results) or _POOR not in {each.phenotype for each in result.phenotype_alternatives}:
        return []
    text = "CYP2C9 could be Poor Metabolizer; then the advice would be: consider another medicine."
    return [Notice("ALTERNATIVE_CHANGES_ACTION", text)]


def _recommendation(
    drug: str, guideline: Guideline, advice: Advice, genes: Mapping[str, str], strength: str, notes: tuple[Notice, ...]
) -> Recommendation:
    return Recommendation(
        drug=drug,
        source=guideline.source,
        guideline=guideline.id,
        population="adults",
        genes=genes,
        phenotype_used="genetic",
        strength=strength,
        action=advice.action,
        advice=advice,
        pmids=guideline.pmids,
        text_as_of=guideline.text_as_of,
        checked_on=guideline.checked_on,
        notes=notes,
    )


FLOW: Final = Flow("cpic-warfarin-and-cyp2c9-cyp4f2-vkorc1", (WARFARIN,), advise, without_adult_dose)
