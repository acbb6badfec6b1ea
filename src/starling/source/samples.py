"""Whose columns are read: the samples asked for, never a tumour."""

from __future__ import annotations

from typing import Final

from starling.errors import InputError
from starling.formats.header import Header

_TUMOUR_COLUMNS: Final = frozenset({"TUMOR", "TUMOUR"})
_NORMAL_COLUMNS: Final = frozenset({"NORMAL"})
#: Callers of tumours, as header lines that name a program write them.
#: Source: the headers of Sentieon (`##SentieonCommandLine.TNscope`, `.TNhaplotyper2`), ClairS-TO, GATK
#: FilterMutectCalls, MuTect 1, CaVEMan, SomaticSniper and SAGE.
_CALLERS_OF_TUMOURS: Final = (
    *("tnscope", "tnhaplotyper", "tnsnv", "clairs", "deepsomatic", "filtermutectcalls", "mutect", "caveman"),
    *("somaticsniper", "sageversion"),
)
#: The filter that DeepSomatic declares, beside what DeepVariant does.  Source: its FAQ and postprocess_variants.
_NOT_SOMATIC: Final = 'ID=GERMLINE,Description="Non somatic variants"'


def chosen_samples(header: Header, asked: tuple[str, ...] | None, *, source: str) -> tuple[tuple[str, int], ...]:
    """(name, column) of every sample of this file that is to be read; all when none is asked for by name.

    A name that stands in another file only is no error here: see `check_all_found`.
    Raises: InputError NO_GENOTYPES when there is no sample column, TUMOUR_FILE.
    """
    if not header.samples:
        raise InputError("NO_GENOTYPES", "the file has no sample column", source=source)
    chosen = [(name, index) for index, name in enumerate(header.samples) if asked is None or name in asked]
    tumours = tumour_samples(header)
    refused = [name for name, _ in chosen if name in tumours]
    if refused or (tumours and asked is None):
        named = ", ".join(refused or sorted(tumours))
        raise InputError("TUMOUR_FILE", f"{named} is a tumour: its genotype is not the patient's", source=source)
    return tuple(chosen)


def tumour_samples(header: Header) -> frozenset[str]:
    """The columns that hold a tumour; empty for a germline file.

    Mutect2 in mitochondrial mode also writes `##tumor_sample`, for what is a germline call of chrM.
    Source: GATK Mutect2 documentation (`--mitochondria-mode`; header lines tumor_sample, normal_sample).
    """
    commands = " ".join(header.meta.get("GATKCommandLine", ()))
    if "--mitochondria-mode true" in commands:
        return frozenset()
    tumours = {value.strip() for value in header.meta.get("tumor_sample", ())}
    tumours |= {name for name in header.samples if name.upper() in _TUMOUR_COLUMNS}
    if _is_somatic(header, commands):
        normal = {value.strip() for value in header.meta.get("normal_sample", ())}
        normal |= {name for name in header.samples if name.upper() in _NORMAL_COLUMNS}
        tumours |= set(header.samples) - normal if not tumours else set()
    return frozenset(tumours)


def _is_somatic(header: Header, gatk: str) -> bool:
    """Whether a caller of tumours made the file, which need not say which column is one when there is one alone.

    Source: DRAGEN (`--tumor-fastq1`, `--tumor-bam-input`; FORMAT/SQ, the somatic quality); GATK Mutect2; VCF v4.5,
    section 1.6.1 (INFO/SOMATIC: a somatic mutation).
    """
    dragen = " ".join(header.meta.get("DRAGENCommandLine", ()))
    somatic = any("ID=SQ," in value and "omatic" in value for value in header.meta.get("FORMAT", ()))
    sources = " ".join(header.meta.get("source", ()))
    mutect = "ID=Mutect2" in gatk or "MutectVersion" in header.meta or "Mutect2" in sources
    return mutect or somatic or "--tumor-" in dragen or _names_caller(header) or _declares_somatic(header)


def _names_caller(header: Header) -> bool:
    """Whether a line that names a program names one that calls tumours; what bcftools was given is no program."""
    for key, values in header.meta.items():
        plain = key.casefold()
        if plain in {"info", "format", "filter", "alt", "contig", "reference"} or plain.startswith("bcftools"):
            continue
        if any(word in plain for word in _CALLERS_OF_TUMOURS):
            return True
        if plain == "source" or any(word in plain for word in ("command", "version", "processlog")):
            text = " ".join(values).casefold()
            if any(word in text for word in _CALLERS_OF_TUMOURS):
                return True
    return False


def _declares_somatic(header: Header) -> bool:
    somatic = any("ID=SOMATIC," in value for value in header.meta.get("INFO", ()))
    return somatic or any(_NOT_SOMATIC in value for value in header.meta.get("FILTER", ()))


def check_all_found(asked: tuple[str, ...] | None, found: tuple[str, ...], available: tuple[str, ...]) -> None:
    """Every sample asked for was found.  Raises: InputError SAMPLE_NOT_FOUND with the names there are."""
    missing = [name for name in asked or () if name not in found]
    if missing:
        names = ", ".join(available[:20]) + (f" and {len(available) - 20} more" if len(available) > 20 else "")
        raise InputError("SAMPLE_NOT_FOUND", f"no sample named {', '.join(missing)}; there are: {names}")
