-- Tables of a node, all of them in the sealed store.
CREATE TABLE IF NOT EXISTS secret (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS patient (
    id TEXT PRIMARY KEY, site TEXT NOT NULL, identifier TEXT NOT NULL, second_identifier TEXT NOT NULL,
    name TEXT NOT NULL, birth_date TEXT NOT NULL, sex TEXT NOT NULL, released TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS patient_identifier ON patient (site, identifier);
CREATE UNIQUE INDEX IF NOT EXISTS patient_second ON patient (site, second_identifier);
-- `body`: the Job as JSON; `sealing`: the key of its file in the spool, while that waits.
CREATE TABLE IF NOT EXISTS job (
    id TEXT PRIMARY KEY, site TEXT NOT NULL, state TEXT NOT NULL, patient TEXT NOT NULL, received TEXT NOT NULL,
    sha256 TEXT NOT NULL, specimen BLOB NOT NULL, body BLOB NOT NULL, sealing BLOB
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS job_once ON job (site, sha256);
CREATE INDEX IF NOT EXISTS job_newest ON job (site, received);
CREATE INDEX IF NOT EXISTS job_patient ON job (patient);
-- What of a file is kept: the records of the gene regions, compressed; what the file was (Origin as JSON);
-- and the assessment made of it.
CREATE TABLE IF NOT EXISTS evidence (
    job TEXT PRIMARY KEY, name TEXT NOT NULL, content BLOB NOT NULL, origin BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS result (job TEXT PRIMARY KEY, assessment BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS override (
    id INTEGER PRIMARY KEY, patient TEXT NOT NULL, body BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS override_patient ON override (patient);
-- Certificates that are believed no more: one by its serial number, or all of a name that were issued until a moment
-- (seconds since 1970).
CREATE TABLE IF NOT EXISTS revoked (
    serial TEXT NOT NULL, name TEXT NOT NULL, until INTEGER NOT NULL, PRIMARY KEY (serial, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS account (
    name TEXT PRIMARY KEY, role TEXT NOT NULL, site TEXT NOT NULL, created TEXT NOT NULL, password TEXT NOT NULL,
    totp TEXT NOT NULL, last_step INTEGER NOT NULL DEFAULT 0, failures INTEGER NOT NULL DEFAULT 0,
    disabled INTEGER NOT NULL DEFAULT 0, person TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
-- CDS Hooks: tokens that were used, until they are over; cards that were shown; what became of them.
CREATE TABLE IF NOT EXISTS cds_token (id BLOB PRIMARY KEY, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS cds_token_over ON cds_token (until);
CREATE TABLE IF NOT EXISTS cds_card (
    id TEXT PRIMARY KEY, patient TEXT NOT NULL, at TEXT NOT NULL, rule TEXT NOT NULL, body BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS cds_card_at ON cds_card (at);
CREATE INDEX IF NOT EXISTS cds_card_patient ON cds_card (patient);
CREATE TABLE IF NOT EXISTS cds_feedback (
    card TEXT NOT NULL, outcome TEXT NOT NULL, at TEXT NOT NULL, patient TEXT NOT NULL, rule TEXT NOT NULL,
    code TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (card, outcome, at)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS cds_feedback_patient ON cds_feedback (patient);
