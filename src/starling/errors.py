"""The error tree: few kinds, each named after who must act.

    StarlingError
    ├── InputError        the sender of a file, an option or a name: correct it and try again     (exit 2)
    │   └── NoSuchResultError    as a KeyError: an assessment was asked for a result it does not hold
    ├── KnowledgeError    the administrator: the knowledge base is missing, damaged or wrong       (exit 3)
    ├── ModelError        the model's owner: a dose model is missing, damaged or cannot run        (exit 6)
    ├── TrustError        the security officer: a key, the sealed store, the audit log, a certificate  (exit 7)
    │   ├── UnknownCallerError   nobody knows who asks a node
    │   └── ForbiddenError       who asks a node is known, and may not
    └── InternalError     us: a bug; the message says what to report                               (exit 4)

A no-call is an answer, not an error: see `starling.vocabulary.Undetermined`.  Exceptions never end the process;
only `starling.cli` turns `exit_code` into an exit status.  Every code below has a row in docs/reference/errors.md.
"""

from __future__ import annotations

from typing import ClassVar, Final

#: code -> one sentence of advice.  A code, once published, keeps its meaning.
ADVICE: Final[dict[str, str]] = {
    "ANSWER_CHANGED": "Check the order again, and decide about the answer that is given now.",
    "ATTESTATION_REFUSED": "Keep the device from patients until somebody has looked at what it started with.",
    "BACKUP_REFUSED": "Take another backup; nothing was written over the node that is there.",
    "BAD_ALLELE_INDEX": "A GT field names an allele its record does not list; regenerate the file with its caller.",
    "BAD_ARGUMENTS": "The examples of `starling COMMAND --help` show what it takes.",
    "BAD_ATTESTATION": "Pass a file that `starling node attest` wrote.",
    "BAD_BED": "A callable-regions file needs chromosome, start and end (0-based, half open) in tab-separated columns.",
    "BAD_CALLS": "Pass a table that `starling cohort call` of this version wrote.",
    "BAD_CARD": "Scan the whole code again and pass its text as it is; see docs/reference/card.md.",
    "BAD_EVIDENCE": "The evidence is damaged or of another version; call these people again from their source files.",
    "BAD_FREQUENCIES": "A table of frequencies has the columns gene, allele and frequency (tab-separated).",
    "BAD_HEADER": "Check that the file is a complete VCF, beginning with ##fileformat and a #CHROM line.",
    "BAD_HL7": "Have the interface send the message again, whole, as HL7 v2; see docs/reference/hl7.md.",
    "BAD_JSON": "Pass a file that `starling report -o FILE.json` wrote; to `model run`, lines as in golden.jsonl.",
    "BAD_KEY": "Keys are made by `starling model key` or by openssl (ed25519); see `starling model trust --help`.",
    "BAD_MARKERS": "See docs/how-to/other-inputs.md for the formats of arrays and single tests that are read.",
    "BAD_OPTION": "See `starling COMMAND --help` for the values an option takes.",
    "BAD_OUTSIDE_CALL": "See docs/how-to/outside-calls.md; a table has the columns gene, diplotype, phenotype, score.",
    "BAD_PEOPLE": "A table of people is tab-separated; its first line names the columns, one of them `sample`.",
    "BAD_RECORD": "The named line is not a valid VCF record; repair or regenerate the file.",
    "BAD_REQUEST": "The document at /openapi.json says what the request takes.",
    "BAD_SETTING": "Every setting is explained in settings.toml of the node's folder.",
    "BAD_SPECIMEN": "State two different identifiers of the patient, the specimen and the laboratory.",
    "BAD_STATE": "Look at the job again: its state says what can be done with it next.",
    "BAD_UPSTREAM": "See `starling knowledge upstream --help` for the files that can be compared.",
    "BUILD_CONFLICT": "Only GRCh38 and GRCh37 are read: have the file made on one of them, and its header say so.",
    "BUILD_NOT_READ": "Only GRCh37 and GRCh38 are read: download the data again from the vendor, or export on GRCh38.",
    "BUILD_UNKNOWN": "State the genome build of the file with --build GRCh38 or --build GRCh37.",
    "CALIBRATION_REFUSED": "See docs/explanation/warfarin-dose.md for when a local calibration can be activated.",
    "CARD_FULL": "Print the report instead (`starling report IN -o FILE.pdf`): nothing is left out without a word.",
    "CARD_KEY_UNKNOWN": "Compare the key with who made the card, by telephone, and `starling card trust` it.",
    "CARD_REFUSED": "Do not rely on the card; ask who made it for a new one.",
    "CERTIFICATE_REFUSED": "Have a certificate issued by the authority of this node, or the old one renewed.",
    "CHECKPOINT_REFUSED": "Compare with a checkpoint and the verifier key that were kept elsewhere.",
    "CONFLICTING_PARTS": "Two files of one sample state one site differently; find out which of them is right.",
    "DISK_UNWRITABLE": "Make room on it, or make it writable: what was acknowledged is there, and the node goes on.",
    "DOSE_INPUT_MISSING": "State what is named; age, height and weight are never assumed.",
    "DUPLICATE_SAMPLE": "Every sample column of a VCF needs a name of its own.",
    "EXTRA_MISSING": "Extras come from the source tree or a release kit, see docs/how-to/install.md.",
    "FILE_DAMAGED": "The compressed file is damaged or incomplete; copy or create it again.",
    "FILE_EMPTY": "The file has no content; check that it was copied completely.",
    "FILE_NOT_FOUND": "Check the path.",
    "FILE_UNREADABLE": "Check the permissions of the file, and that it is a file.",
    "FOLDER_TAKEN": "Name a folder that does not exist, or is empty.",
    "FONT_LACKS": "Name a TrueType file that has every letter of the name with --font FILE.",
    "HL7_NOT_TAKEN": "See docs/reference/hl7.md for the messages that a node takes.",
    "INTERNAL": "This is a defect in Starling; please report it with the message above.",
    "KEY_UNAVAILABLE": "Put the token or the key file back in its place; without it nothing in the store can be read.",
    "KNOWLEDGE_DAMAGED": "Reinstall Starling or compile the knowledge base again with `starling knowledge compile`.",
    "KNOWLEDGE_INVALID": "Correct the named row of the knowledge base and compile it again.",
    "KNOWLEDGE_NOT_FOUND": "Compile the knowledge base with `starling knowledge compile`, or reinstall Starling.",
    "KNOWLEDGE_REFUSED": "Send a compiled edition with a signature (`starling knowledge sign`) by a key trusted here.",
    "LINE_TOO_LONG": "No record of a real VCF is this long; check that the file is what its name says.",
    "LOG_TAMPERED": "Keep every file as it is, find out who had access, and see docs/explanation/audit-log.md.",
    "MODEL_DAMAGED": "Do not use this model; install it again or ask its owner.",
    "MODEL_INVALID": "The model's owner must correct the bundle; see `starling model verify`.",
    "MODEL_NOT_FOUND": "Check the path; a bundle holds model.onnx, model.toml, golden.jsonl and digest.",
    "MODEL_NOT_TRUSTED": "Have it signed by a key that this site trusts (`starling model trust`), or say --unsigned.",
    "MODEL_RUNTIME_MISSING": "Install the models extra: pip install '.[models]' in the source tree of Starling.",
    "MODEL_TOO_SLOW": "This device is too slow for the model, or busy; the deadline stands on the model's card.",
    "NAME_TAKEN": "Choose another name.",
    "NOBODY_CALLED": "None of the files could be read; see the reason given for each.",
    "NODE_DORMANT": "Say `starling node unlock DIR` as an administrator, with password and second factor.",
    "NODE_NEWER": "Keep what is there, or say --over REASON: it is set aside, and the log says why.",
    "NODE_RUNNING": "One process serves a node: stop the other one, or name another folder.",
    "NODE_WIPED": "Its keys are gone: make a new node, or restore a backup with its key and say why.",
    "NOT_FOUND": "Check the address and the name.",
    "NOT_KNOWN": "Show a client certificate of this node, or log in.",
    "NOT_PERMITTED": "Ask the administrator who may; in an emergency a prescriber states a reason.",
    "NOT_TEXT": "The file is not UTF-8 text where it should be; check that it is a VCF.",
    "NOT_VCF": "Pass a VCF, plain, gzipped or bgzipped; results by gene without a header row are read with --outside.",
    "NO_ANSWER": "Start the node with `starling node run DIR`, or name the port that it listens on.",
    "NO_CHROMOSOMES": "The file has none of the chromosomes needed; check that it is a human VCF.",
    "NO_DATA": "Send the prefetch that GET /cds-services states, or fhirServer and fhirAuthorization to read it.",
    "NO_DOSE_MODEL": "Dose by the guideline; the message says for whom or for what there is a model.",
    "NO_GENOTYPES": "The file has no GT field or no sample column; a sites-only VCF cannot be interpreted.",
    "NO_METHOD": "The document at /openapi.json names the methods of every path.",
    "NO_NODE": "Make a node with `starling node init DIR`.",
    "NO_PROVIDER": "Sign in with an account of this node, or try again when the provider can be reached.",
    "NO_QUOTE": "Check that there is a TPM 2.0, that tpm2-tools is installed, and `tpm` in settings.toml.",
    "NO_RESULT": "A laboratory takes the file in, reviews the result, and a second person releases it.",
    "OUTPUT_UNWRITABLE": "Check that the output directory exists, is writable and is not full.",
    "OUTSIDE_RESULT": "Pass it with --outside FILE; commands about one patient take it as an input, too.",
    "PLAIN_KEY": "A backup never holds a key that is not wrapped: give the named file its encrypted form again.",
    "REFERENCE_DIFFERS": "Have the file made again on GRCh38 or GRCh37, with that genome's own bases as REF.",
    "SAME_PERSON": "Have another person release it.",
    "SAMPLE_NOT_FOUND": "Choose one of the samples listed with --sample.",
    "SEVERAL_PATIENTS": "One page per person: give a directory, or choose one person with --sample.",
    "STORE_NEWER": "Open it with the program that wrote it, or a newer one; nothing was changed.",
    "STORE_SEALED": "Do not work around it: find the right key, or restore the last backup and compare the audit log.",
    "TOKEN_REFUSED": "Sign each call anew with a key that this node was told of; see docs/how-to/cds-hooks.md.",
    "TOO_LARGE": "The limits stand in settings.toml of the node's folder.",
    "TOO_MANY": "Wait a minute.",
    "TOO_SLOW": "Try again; if it stays so, the node is overloaded.",
    "TUMOUR_FILE": "Use the germline sample: call the normal tissue alone, or name it with --sample.",
    "UNKNOWN_DRUG": "Not in this knowledge base; that is not a statement of safety.",
    "UNKNOWN_GENE": "See `starling genes` for the genes covered.",
    "UNKNOWN_MEDICINE": "Check the spelling; only drugs and inhibitors of the knowledge base are known.",
    "UNKNOWN_NAME": "Name a gene, a drug, an rsid or an allele; see `starling genes` and `starling drugs`.",
    "WRONG_STRAND": "Export the Plus (or Forward) alleles again: others cannot be compared with the reference genome.",
}


class StarlingError(Exception):
    """Something that a named person can put right; `str()` is one line that says what and where."""

    exit_code: ClassVar[int] = 4

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    @property
    def advice(self) -> str:
        """One sentence that says what to do."""
        return ADVICE[self.code]


class InputError(StarlingError):
    """The sender must act: a file, an option or a name is wrong.

    `source` is a file name or an option, `line` a 1-based line number; both are part of the printed line.
    """

    exit_code: ClassVar[int] = 2

    def __init__(self, code: str, message: str, *, source: str | None = None, line: int | None = None) -> None:
        where = ":".join(str(part) for part in (source, line) if part is not None)
        super().__init__(code, f"{where}: {message}" if where else message)
        self.source = source
        self.line = line


class NoSuchResultError(InputError, KeyError):
    """An assessment holds no result under the name asked for; a KeyError for whoever treats it as a mapping."""

    def __str__(self) -> str:
        return self.message


class KnowledgeError(StarlingError):
    """The administrator must act: the knowledge base cannot be trusted or found."""

    exit_code: ClassVar[int] = 3


class ModelError(StarlingError):
    """The model's owner must act: a dose model is missing, damaged, or cannot run here."""

    exit_code: ClassVar[int] = 6


class TrustError(StarlingError):
    """The security officer must act: a key, the store, the audit log or a certificate is not what it should be."""

    exit_code: ClassVar[int] = 7


class UnknownCallerError(TrustError):
    """Nobody knows who asks: no certificate, no session, or a wrong password."""


class ForbiddenError(TrustError):
    """The policies do not permit it: the administrator's to change, or the asker's to leave."""


class InternalError(StarlingError):
    """We must act: an invariant of the program itself does not hold."""

    exit_code: ClassVar[int] = 4
