-- Version 1. Instants are text of one width (RFC 3339, nine digits, Z), so that they sort by time.
-- Bodies are JSON of the program's own stored forms; digests are SHA-256 over what they stand beside.

CREATE TABLE store (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    lineage TEXT NOT NULL,
    serial INTEGER NOT NULL,
    latest_at TEXT,
    config_digest TEXT,
    config_since TEXT,
    open_findings INTEGER NOT NULL DEFAULT 0,
    -- What the exported files were seen to hold: fewer later means that they were cut or put back.
    witnessed_serial INTEGER NOT NULL DEFAULT 0,
    witnessed_records INTEGER NOT NULL DEFAULT 0,
    totals TEXT,
    totals_digest BLOB
) STRICT;

CREATE TABLE run (
    serial INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('running', 'interrupted', 'ended')),
    started_at TEXT NOT NULL,
    ended_at TEXT,
    end_in_ledger INTEGER NOT NULL DEFAULT 0,
    exit_code INTEGER,
    is_success INTEGER NOT NULL DEFAULT 0,
    config_digest TEXT NOT NULL,
    roster_digest TEXT,
    program TEXT,
    report_digest BLOB,
    report_bytes INTEGER
) STRICT;
CREATE INDEX run_by_state ON run (state, serial);
CREATE INDEX run_by_id ON run (id, serial);

CREATE TABLE scope (
    run INTEGER NOT NULL REFERENCES run (serial) ON DELETE CASCADE,
    system TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    objects INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (run, system, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE baseline (
    system TEXT NOT NULL,
    name TEXT NOT NULL,
    run_id TEXT NOT NULL,
    objects INTEGER NOT NULL,
    as_of TEXT,
    read_at TEXT NOT NULL,
    digest BLOB NOT NULL,
    PRIMARY KEY (system, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE drop_accepted (
    system TEXT NOT NULL,
    name TEXT NOT NULL,
    run_id TEXT NOT NULL,
    accepted_at TEXT NOT NULL,
    PRIMARY KEY (system, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE system_times (
    system TEXT PRIMARY KEY,
    last_success_at TEXT,
    last_complete_at TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE finding (
    number INTEGER PRIMARY KEY,
    fingerprint BLOB NOT NULL UNIQUE CHECK (length(fingerprint) = 16),
    open INTEGER NOT NULL CHECK (open IN (0, 1)),
    body TEXT NOT NULL,
    digest BLOB NOT NULL CHECK (length(digest) = 16)
) STRICT;
CREATE INDEX finding_open ON finding (fingerprint) WHERE open = 1;

CREATE TABLE leaver_checked (
    person TEXT NOT NULL,
    stint INTEGER NOT NULL,
    PRIMARY KEY (person, stint)
) STRICT, WITHOUT ROWID;

CREATE TABLE unattributed (
    system TEXT NOT NULL,
    kind TEXT NOT NULL,
    grant_id TEXT NOT NULL,
    first_at TEXT NOT NULL,
    PRIMARY KEY (system, kind, grant_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE exception_idle (
    exception TEXT PRIMARY KEY,
    runs INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE roster (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    roster_digest TEXT NOT NULL,
    accepted_at TEXT NOT NULL,
    accepted_by TEXT NOT NULL,
    figures TEXT NOT NULL,
    -- Only the newest row keeps it.
    archive BLOB,
    digest BLOB NOT NULL
) STRICT;
CREATE INDEX roster_by_time ON roster (accepted_at);

CREATE TABLE roster_release (
    roster_digest TEXT PRIMARY KEY,
    released_at TEXT NOT NULL,
    released_by TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE ledger (
    sequence INTEGER PRIMARY KEY,
    subject BLOB,
    body TEXT NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
CREATE INDEX ledger_by_subject ON ledger (subject) WHERE subject IS NOT NULL;

CREATE TRIGGER ledger_is_not_changed BEFORE UPDATE ON ledger
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER ledger_is_not_shortened BEFORE DELETE ON ledger
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
