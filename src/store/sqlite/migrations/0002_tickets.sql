-- Version 2: the outbox, and what is known of tickets. A digest is SHA-256 over the row's key and body.

CREATE TABLE outbox (
    -- Never given twice: lines remember up to which wish they are told.
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 16),
    body TEXT NOT NULL,
    digest BLOB NOT NULL
) STRICT;
CREATE INDEX outbox_by_finding ON outbox (fingerprint);

CREATE TABLE ticket (
    tracker TEXT NOT NULL,
    key TEXT NOT NULL,
    body TEXT NOT NULL,
    digest BLOB NOT NULL,
    PRIMARY KEY (tracker, key)
) STRICT, WITHOUT ROWID;

-- One ticket for a finding and tracker, for ever.
CREATE TABLE ticket_line (
    tracker TEXT NOT NULL,
    fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 16),
    ticket TEXT NOT NULL,
    body TEXT NOT NULL,
    digest BLOB NOT NULL,
    PRIMARY KEY (tracker, fingerprint),
    FOREIGN KEY (tracker, ticket) REFERENCES ticket (tracker, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX ticket_line_by_ticket ON ticket_line (tracker, ticket);

CREATE TABLE ticket_run (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    run TEXT NOT NULL UNIQUE,
    committed_at TEXT NOT NULL,
    hold TEXT,
    roster_digest TEXT,
    verdict TEXT
) STRICT;

CREATE TABLE ticket_release (
    run TEXT PRIMARY KEY,
    released_at TEXT NOT NULL,
    released_by TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE ticket_operation (
    tracker TEXT NOT NULL,
    operation TEXT NOT NULL,
    outcome TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (tracker, operation, outcome)
) STRICT, WITHOUT ROWID;
