-- Every mapping that was saved, whole: what is in force is never reconstructed from steps.
CREATE TABLE mapping_versions (
    version INTEGER PRIMARY KEY,
    saved_at TEXT NOT NULL,
    saved_by TEXT NOT NULL,
    -- base, edit, import, reset, rollback or file
    action TEXT NOT NULL,
    note TEXT NOT NULL,
    -- What the job's mapping starts from: "preset flock", or the path of a mapping file.
    base TEXT NOT NULL,
    -- What changed since the version before, in words, one change per line.
    changes TEXT NOT NULL,
    schema TEXT NOT NULL
) STRICT;
-- The properties that the link reads; NULL where that was not written down.
ALTER TABLE watermarks ADD COLUMN selected TEXT;
