"""An invented person with one of everything that a report must show, written by hand; no real patient.

Genes: certain, ambiguous, undetermined, adjusted by a medicine, stated by another laboratory, with doubts.
Drugs: every action, sources that differ, several populations, a missing gene, no advice, no guideline, a required test.
Knowledge: old on the day of the run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from starling.assessment import (
    Adjusted,
    Advice,
    Alternative,
    Assessment,
    Condition,
    Disagreement,
    Dose,
    DrugResult,
    GeneResult,
    Harm,
    InputStamp,
    KnowledgeStamp,
    Provenance,
    Recommendation,
    Run,
)
from starling.serial.digest import result_digest
from starling.serial.document import to_jsonable
from starling.vocabulary import Notice, VariantCopies, Why

OLD = "No guideline was compared with its source since 2025-11-20, more than 12 months ago: advice may have changed."
HOSTILE = "</style><script>alert(1)</script>\x1b[2J\u202e\"'&=cmd|' /C calc'!A0\t\n\\"

GENES = (
    GeneResult(
        gene="CYP2C19",
        status="called",
        reason=None,
        diplotypes=(("*2", "*2"),),
        label="*2/*2",
        phenotype="Poor Metabolizer",
        phenotype_certain=True,
    ),
    GeneResult(
        gene="CYP2D6",
        status="called",
        reason=None,
        diplotypes=(("*1", "*4"),),
        label="*1/*4",
        phenotype="Intermediate Metabolizer",
        phenotype_certain=False,
        phenotype_alternatives=(
            Alternative("Poor Metabolizer", (("*4", "*5"),), Why.COPY_NUMBER),
            Alternative("Normal Metabolizer", (("*1x2", "*4"),), Why.COPY_NUMBER),
        ),
        activity_score="1.0",
        copy_number="not_assessed",
        adjusted=Adjusted("Poor Metabolizer", "0.0", "paroxetine"),
        cannot_exclude=("*5", "*13", "*36", "*61", "*63", "*68", "*1x2"),
    ),
    GeneResult(
        gene="DPYD",
        status="called",
        reason=None,
        diplotypes=(),
        label="c.1905+1G>A (*2A) (1 copy)",
        phenotype="Intermediate Metabolizer",
        phenotype_certain=True,
        activity_score="1.0",
        variants=(VariantCopies("c.1905+1G>A (*2A)", 1), VariantCopies("c.85T>C (*9A)", None)),
        warnings=(Notice("FILTERED_RECORD", "The record at chr1:97883329 did not pass its filters and was used."),),
    ),
    GeneResult(
        gene="HLA-B",
        status="called",
        reason=None,
        diplotypes=(("*08:01", "*57:01"),),
        label="*08:01/*57:01",
        phenotype=None,
        phenotype_certain=False,
        presence={"*15:02": "negative", "*57:01": "positive", "*58:01": "nocall"},
        source="outside",
    ),
    GeneResult(
        gene="MT-RNR1",
        status="undetermined",
        reason="REFERENCE_UNKNOWN",
        diplotypes=(),
        label="not determined",
        phenotype=None,
        phenotype_certain=False,
        variants=(VariantCopies("m.1555A>G", 1, 0.37),),
        missing_positions=tuple(f"chrM:{position}" for position in (827, 961, 1095, 1189, 1243, 1494, 1520, 1555)),
    ),
    GeneResult(
        gene="NUDT15",
        status="called",
        reason=None,
        diplotypes=(("*1", "*1"),),
        label="*1/*1",
        phenotype="Normal Metabolizer",
        phenotype_certain=True,
    ),
    GeneResult(
        gene="SLCO1B1",
        status="ambiguous",
        reason=None,
        diplotypes=(("*1", "*15"), ("*5", "*37")),
        label="*1/*15 or *5/*37",
        phenotype="Decreased Function",
        phenotype_certain=True,
        conflict="stated as *1/*1, but the sample's own data read *1/*15",
        research_only=True,
    ),
    GeneResult(
        gene="TPMT",
        status="called",
        reason=None,
        diplotypes=(("*1", "*3A"),),
        label="*1/*3A",
        phenotype="Intermediate Metabolizer",
        phenotype_certain=False,
        phenotype_alternatives=(Alternative("Poor Metabolizer", (("*3B", "*3C"),), Why.PHASE),),
    ),
)


def row(
    drug: str,
    action: str,
    summary: str,
    genes: Mapping[str, str],
    *,
    source: str = "CPIC",
    strength: str = "Strong",
    population: str = "no restriction",
    used: str = "genetic",
    advice: Advice | None = None,
    notes: tuple[Notice, ...] = (),
) -> Recommendation:
    """One recommendation, with an advice of only a summary unless one is given."""
    return Recommendation(
        drug=drug,
        source=source,
        guideline=f"{source.lower()}-{drug}",
        population=population,
        genes=genes,
        phenotype_used="adjusted" if used == "adjusted" else "genetic",
        strength=strength,
        action=action,
        advice=advice or Advice(id=f"T-{drug}-{source}", action=action, summary=summary),
        implications=(f"What {drug} does is changed by this result.",),
        pmids=("35034351",) if source == "CPIC" else (),
        text_as_of={"CPIC": "2022", "DPWG": "2024-11"}.get(source, ""),
        checked_on="2025-11-20",
        notes=notes,
    )


def _abacavir() -> DrugResult:
    key = {"HLA-B": "*57:01 positive"}
    return DrugResult(
        "abacavir",
        "advice",
        "contraindicated",
        disagreement=Disagreement(
            "Sources differ on the action.", ("CPIC: avoid", "DPWG: do not use (contraindicated)")
        ),
        harm=Harm("life-threatening", "hypersensitivity reaction", "HLA-B", "*57:01 positive", "boxed warning"),
        recommendations=(
            row("abacavir", "avoid", "Do not prescribe abacavir; choose a different agent.", key),
            row(
                "abacavir",
                "contraindicated",
                "Never give abacavir to a carrier of HLA-B*57:01.",
                key,
                source="DPWG",
                strength="N/A",
                population="",
            ),
        ),
    )


def _clopidogrel() -> DrugResult:
    advice = Advice(
        id="A0147",
        action="avoid",
        summary="ACS or PCI: choose prasugrel or ticagrelor at usual dose, unless contraindicated.",
        detail="The risk of stent thrombosis is raised.",
        alternatives=("prasugrel", "ticagrelor"),
        monitor=("platelet aggregation",),
        conditions=(
            Condition("PCI, stroke or TIA", "avoid", alternatives=("prasugrel", "ticagrelor")),
            Condition("any other indication", "increase_dose", dose=(Dose("maintenance", value=150, unit="mg/day"),)),
        ),
    )
    key = {"CYP2C19": "Poor Metabolizer"}
    syndrome = "acute coronary syndrome or percutaneous coronary intervention"
    return DrugResult(
        "clopidogrel",
        "advice",
        "avoid",
        recommendations=(
            row("clopidogrel", "avoid", "", key, advice=advice, population=syndrome),
            row("clopidogrel", "avoid", "", key, advice=advice, population="neurovascular indications"),
            row("clopidogrel", "consider_alternative", "Consider another P2Y12 inhibitor.", key, source="FDA"),
        ),
    )


def _codeine() -> DrugResult:
    advice = Advice(
        id="A0164",
        action="avoid",
        summary="Do not rely on codeine: it may barely relieve pain.",
        not_alternatives=("tramadol",),
        alternatives=("morphine",),
        fallback=Condition("no other drug possible", "monitor"),
    )
    note = Notice("MAPPED_TERM", "Looked up by its term; the guideline does not name the score.")
    converted = Notice("PHENOCONVERTED", "CYP2D6 counts as Poor Metabolizer because of paroxetine.")
    alone = Notice("GENETIC_PHENOTYPE_ONLY", "By genotype alone; the adjusted phenotype counts.")
    used = row("codeine", "avoid", "", {"CYP2D6": "0.0"}, used="adjusted", advice=advice, notes=(note, converted))
    genetic = row("codeine", "standard", "Use codeine as labelled.", {"CYP2D6": "1.0"}, notes=(alone,))
    return DrugResult("codeine", "advice", "avoid", recommendations=(genetic, used))


def _hydrocodone() -> DrugResult:
    text = "CYP2D6 could be Poor Metabolizer (the copy number was not determined); then the advice would be: avoid."
    note = Notice("ALTERNATIVE_CHANGES_ACTION", text)
    used = row("hydrocodone", "standard", "Prescribe as usual.", {"CYP2D6": "1.0"}, notes=(note,))
    return DrugResult("hydrocodone", "advice", "standard", recommendations=(used,))


def _azathioprine() -> DrugResult:
    advice = Advice(
        id="A0077",
        action="reduce_dose",
        summary="Start azathioprine at 30-80% of the usual dose and adjust by myelosuppression.",
        dose=(Dose("starting", factor_min=0.3, factor_max=0.8),),
        monitor=("blood counts", "adverse effects"),
        titrate=True,
        genes_missing=("NUDT15",),
    )
    key = {"TPMT": "Intermediate Metabolizer", "NUDT15": "Normal Metabolizer"}
    return DrugResult(
        "azathioprine",
        "advice",
        "reduce_dose",
        recommendations=(row("azathioprine", "reduce_dose", "", key, advice=advice),),
    )


def _tafenoquine() -> DrugResult:
    text = "FDA requires a test of G6PD before tafenoquine (since 2018-07); no result of G6PD is known here."
    unlisted = Notice("NO_ROW", "dpwg-tafenoquine-and-g6pd: no row for this result; that is not a statement of safety.")
    return DrugResult("tafenoquine", "no_row", None, notes=(Notice("TEST_REQUIRED", text), unlisted))


def _simple(drug: str, action: str, summary: str, gene: str, key: str, source: str = "CPIC") -> DrugResult:
    return DrugResult(drug, "advice", action, recommendations=(row(drug, action, summary, {gene: key}, source=source),))


UNADVISED = "CPIC looked at CYP2D6 and gives no recommendation; that is not a statement of safety."
DRUGS = (
    _abacavir(),
    DrugResult("amikacin", "no_result", None, genes_missing=("MT-RNR1",)),
    _tafenoquine(),
    DrugResult("oxycodone", "no_guideline", None, notes=(Notice("NO_GUIDELINE", UNADVISED),)),
    _azathioprine(),
    _clopidogrel(),
    _codeine(),
    replace(
        _simple("fluorouracil", "adjust_dose", "Start at half the dose.", "DPYD", "1.0 (Intermediate Metabolizer)"),
        harm=Harm("life-threatening", "fatal toxicity", "DPYD", "Intermediate Metabolizer", "PMID 29152729"),
    ),
    _hydrocodone(),
    _simple("lansoprazole", "increase_dose", "Double the starting daily dose.", "CYP2C19", "Poor Metabolizer"),
    _simple("metoprolol", "standard", "Prescribe as usual.", "CYP2D6", "Intermediate Metabolizer", "DPWG"),
    DrugResult("quetiapine", "no_row", None),
    _simple("pravastatin", "monitor", "Watch for myopathy.", "SLCO1B1", "Decreased Function"),
    _simple("risperidone", "test_further", "Confirm the copy number of CYP2D6.", "CYP2D6", "Intermediate Metabolizer"),
    _simple("sertraline", "no_recommendation", "No sertraline advice is issued.", "CYP2C19", "Poor Metabolizer", "FDA"),
    _simple("simvastatin", "consider_alternative", "Choose another statin.", "SLCO1B1", "Decreased Function"),
    _simple("voriconazole", "standard", "Dose as labelled.", "CYP2C19", "Poor Metabolizer", "FDA"),
)


#: As stated, the brand and the drug of the knowledge base among them.
MEDICINES = ("Plavix", "paroxetine", "paroxitine")


def sample_assessment(**changes: object) -> Assessment:
    """The person, with fields of the assessment changed and the digest made true."""
    assessment = Assessment(
        sample="SAMPLE-1",
        subject={"name": "Ada Example", "birth_date": "1961-04-02", "sex": "female", "ward": "4B"},
        result_sha256="",
        provenance=Provenance(
            program="starling 0.1.0",
            knowledge=KnowledgeStamp("2025.11", "ab" * 32, "2025-11-14", "2025-11-20"),
            input=InputStamp("sample.vcf.gz", 204_113_845, "cd" * 32, None, "GRCh38", "contig", "bisect"),
            options={
                "build": None,
                "min_dp": 10,
                "genes": (),
                "medication": MEDICINES,
                "medication_read": {"Plavix": ("clopidogrel",)},
                "pass_only": False,
            },
            positions={"called": 1140, "nocall": 4, "notassayed": 41, "filled_as_reference": 37},
            notices=(Notice("UNKNOWN_MEDICINE", "'paroxitine' is not known here; its effect was not considered."),),
        ),
        run=Run("2026-11-21T23:40:00+00:00", {"read": 51.2, "calling": 2.0}, (Notice("KNOWLEDGE_OLD", OLD),)),
        genes=GENES,
        drugs=DRUGS,
    )
    changed = replace(assessment, **changes)  # type: ignore[arg-type]  # a test names the fields it changes
    return replace(changed, result_sha256=result_digest(to_jsonable(changed)))


def hostile_assessment() -> Assessment:
    """The person after an attacker has written into every text that a sender controls, and some that none does."""
    base = sample_assessment()
    source = replace(base.provenance.input, name=HOSTILE + ".vcf")
    notice = Notice("X", HOSTILE)
    gene = replace(base.genes[0], label=HOSTILE, warnings=(notice,), cannot_exclude=(HOSTILE,))
    evil = row(HOSTILE, "avoid", HOSTILE, {"CYP2C19": HOSTILE}, source=HOSTILE, strength=HOSTILE, population=HOSTILE)
    evil = replace(evil, text_as_of=HOSTILE, checked_on=HOSTILE)
    silent = DrugResult(HOSTILE + "2", "no_guideline", None, notes=(Notice("NO_GUIDELINE", HOSTILE),))
    drug = DrugResult(
        HOSTILE, "advice", "avoid", disagreement=Disagreement(HOSTILE, (HOSTILE,)), recommendations=(evil,)
    )
    return sample_assessment(
        sample=HOSTILE,
        subject={"name": HOSTILE, HOSTILE: HOSTILE},
        provenance=replace(base.provenance, input=source, notices=(notice,), options={HOSTILE: HOSTILE}),
        genes=(gene, *base.genes[1:]),
        drugs=(*base.drugs, drug, silent),
        run=replace(base.run, notices=(notice,)),
    )
