-- Version 3: scopes that a source no longer names. What they are, and how the system was configured when they were read.

ALTER TABLE baseline ADD COLUMN kind TEXT;
ALTER TABLE baseline ADD COLUMN configuration TEXT;
-- Whether its source named it no more in that run.
ALTER TABLE scope ADD COLUMN gone INTEGER NOT NULL DEFAULT 0 CHECK (gone IN (0, 1));
