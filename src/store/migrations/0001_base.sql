-- Instants: `*_at` are RFC 3339 UTC texts as the model has them; `*_ms` are milliseconds since 1970 (UTC), for comparing.
-- `*_key` columns are folded (lower case, no diacritics): they carry search and order, never a decision.

CREATE TABLE job (
  key   TEXT PRIMARY KEY NOT NULL,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Directory mirror -------------------------------------------------------------------------------------------------

CREATE TABLE rounds (
  collection TEXT PRIMARY KEY NOT NULL,
  round      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
  pk         INTEGER PRIMARY KEY,
  id         TEXT NOT NULL UNIQUE,
  properties TEXT NOT NULL,
  manager    TEXT,
  removed    TEXT CHECK (removed IN ('changed', 'deleted')),
  seen       INTEGER NOT NULL,
  name_key   TEXT NOT NULL,
  upn_key    TEXT,
  mail_key   TEXT,
  search     TEXT NOT NULL
) STRICT;
CREATE INDEX users_live ON users (seen) WHERE removed IS NULL;
CREATE INDEX users_name ON users (name_key, pk);
CREATE INDEX users_upn  ON users (upn_key)  WHERE upn_key IS NOT NULL;
CREATE INDEX users_mail ON users (mail_key) WHERE mail_key IS NOT NULL;
CREATE INDEX users_manager ON users (manager) WHERE manager IS NOT NULL;

CREATE VIRTUAL TABLE users_fts USING fts5(search, content = 'users', content_rowid = 'pk', tokenize = 'trigram', columnsize = 0);
CREATE TRIGGER users_fts_insert AFTER INSERT ON users BEGIN
  INSERT INTO users_fts (rowid, search) VALUES (new.pk, new.search);
END;
CREATE TRIGGER users_fts_delete AFTER DELETE ON users BEGIN
  INSERT INTO users_fts (users_fts, rowid, search) VALUES ('delete', old.pk, old.search);
END;
CREATE TRIGGER users_fts_update AFTER UPDATE OF search ON users WHEN old.search <> new.search BEGIN
  INSERT INTO users_fts (users_fts, rowid, search) VALUES ('delete', old.pk, old.search);
  INSERT INTO users_fts (rowid, search) VALUES (new.pk, new.search);
END;

CREATE TABLE groups (
  pk         INTEGER PRIMARY KEY,
  id         TEXT NOT NULL UNIQUE,
  properties TEXT NOT NULL,
  removed    TEXT CHECK (removed IN ('changed', 'deleted')),
  seen       INTEGER NOT NULL,
  name_key   TEXT NOT NULL,
  mail_key   TEXT,
  search     TEXT NOT NULL
) STRICT;
CREATE INDEX groups_live ON groups (seen) WHERE removed IS NULL;
CREATE INDEX groups_name ON groups (name_key, pk);
CREATE INDEX groups_mail ON groups (mail_key) WHERE mail_key IS NOT NULL;

CREATE VIRTUAL TABLE groups_fts USING fts5(search, content = 'groups', content_rowid = 'pk', tokenize = 'trigram', columnsize = 0);
CREATE TRIGGER groups_fts_insert AFTER INSERT ON groups BEGIN
  INSERT INTO groups_fts (rowid, search) VALUES (new.pk, new.search);
END;
CREATE TRIGGER groups_fts_delete AFTER DELETE ON groups BEGIN
  INSERT INTO groups_fts (groups_fts, rowid, search) VALUES ('delete', old.pk, old.search);
END;
CREATE TRIGGER groups_fts_update AFTER UPDATE OF search ON groups WHEN old.search <> new.search BEGIN
  INSERT INTO groups_fts (groups_fts, rowid, search) VALUES ('delete', old.pk, old.search);
  INSERT INTO groups_fts (rowid, search) VALUES (new.pk, new.search);
END;

CREATE TABLE members (
  group_id  TEXT NOT NULL,
  member_id TEXT NOT NULL,
  kind      TEXT NOT NULL,
  seen      INTEGER NOT NULL,
  PRIMARY KEY (group_id, member_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX members_member ON members (member_id, group_id);

CREATE TABLE assignments (
  id             TEXT PRIMARY KEY NOT NULL,
  principal_id   TEXT NOT NULL,
  principal_kind TEXT NOT NULL,
  principal_name TEXT NOT NULL,
  role_id        TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX assignments_principal ON assignments (principal_id);

-- The ledger -------------------------------------------------------------------------------------------------------

CREATE TABLE links (
  object_type TEXT NOT NULL,
  source_id   TEXT NOT NULL,
  target_id   TEXT NOT NULL,
  origin      TEXT NOT NULL CHECK (origin IN ('created', 'adopted')),
  managed     INTEGER NOT NULL,
  active      INTEGER NOT NULL,
  broken      INTEGER NOT NULL,
  applied     TEXT NOT NULL,
  manager     TEXT,
  created_at  TEXT NOT NULL,
  PRIMARY KEY (object_type, source_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX links_target ON links (object_type, target_id);

CREATE TABLE applied_members (
  group_id  TEXT NOT NULL,
  member_id TEXT NOT NULL,
  PRIMARY KEY (group_id, member_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX applied_members_member ON applied_members (member_id);

CREATE TABLE watermarks (
  collection TEXT PRIMARY KEY NOT NULL,
  link       TEXT NOT NULL,
  stored_at  TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE retries (
  object_type  TEXT NOT NULL,
  source_id    TEXT NOT NULL,
  code         TEXT NOT NULL,
  reason       TEXT NOT NULL,
  attempts     INTEGER NOT NULL,
  first_failed TEXT NOT NULL,
  next_attempt TEXT NOT NULL,
  fingerprint  TEXT NOT NULL,
  reference    INTEGER NOT NULL,
  PRIMARY KEY (object_type, source_id)
) STRICT, WITHOUT ROWID;

-- What was decided, and what came of it ----------------------------------------------------------------------------

CREATE TABLE cycles (
  seq          INTEGER PRIMARY KEY AUTOINCREMENT,
  id           TEXT NOT NULL UNIQUE,
  kind         TEXT NOT NULL,
  state        TEXT NOT NULL,
  started_at   TEXT NOT NULL,
  ended_at     TEXT,
  duration_ms  INTEGER NOT NULL,
  counts       TEXT NOT NULL,
  app_requests INTEGER NOT NULL,
  error        TEXT,
  phase        TEXT NOT NULL DEFAULT '',
  done         INTEGER NOT NULL DEFAULT 0,
  total        INTEGER,
  updated_at   TEXT NOT NULL
) STRICT;
CREATE INDEX cycles_running ON cycles (seq) WHERE state = 'running';

CREATE TABLE operations (
  seq           INTEGER PRIMARY KEY AUTOINCREMENT,
  id            TEXT NOT NULL UNIQUE,
  cycle_id      TEXT NOT NULL,
  verb          TEXT NOT NULL,
  object_type   TEXT NOT NULL,
  source_id     TEXT NOT NULL,
  target_id     TEXT,
  name          TEXT NOT NULL,
  reason        TEXT NOT NULL,
  changes       TEXT NOT NULL,
  refs          TEXT NOT NULL,
  refs_key      TEXT NOT NULL,
  state         TEXT NOT NULL,
  held_reason   TEXT,
  detail        TEXT,
  created_at    TEXT NOT NULL,
  updated_at    TEXT NOT NULL
) STRICT;
CREATE INDEX operations_state ON operations (state, seq);
CREATE INDEX operations_cycle ON operations (cycle_id, seq);
CREATE INDEX operations_object ON operations (object_type, source_id, verb);
CREATE UNIQUE INDEX operations_held ON operations (object_type, source_id, verb, refs_key) WHERE state = 'held';

CREATE TABLE decisions (
  object_type  TEXT NOT NULL,
  source_id    TEXT NOT NULL,
  verb         TEXT NOT NULL,
  verdict      TEXT NOT NULL CHECK (verdict IN ('released', 'rejected')),
  operation_id TEXT NOT NULL,
  refs_key     TEXT NOT NULL,
  by_whom      TEXT NOT NULL,
  at           TEXT NOT NULL,
  PRIMARY KEY (object_type, source_id, verb)
) STRICT, WITHOUT ROWID;

CREATE TABLE log (
  seq         INTEGER PRIMARY KEY AUTOINCREMENT,
  id          TEXT NOT NULL UNIQUE,
  at_ms       INTEGER NOT NULL,
  cycle_id    TEXT NOT NULL,
  change_id   TEXT NOT NULL,
  status      TEXT NOT NULL,
  action      TEXT NOT NULL,
  code        TEXT,
  cause       TEXT,
  source_id   TEXT NOT NULL,
  target_id   TEXT NOT NULL,
  name        TEXT NOT NULL,
  entry       TEXT NOT NULL
) STRICT;
CREATE INDEX log_time ON log (at_ms, seq);
CREATE INDEX log_cycle ON log (cycle_id, seq);
CREATE INDEX log_source ON log (source_id, seq);
CREATE INDEX log_target ON log (target_id, seq) WHERE target_id <> '';
CREATE INDEX log_status ON log (status, seq);
CREATE INDEX log_failures ON log (cycle_id, code, cause) WHERE status = 'failure';
CREATE VIRTUAL TABLE log_fts USING fts5(words, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2');
CREATE TRIGGER log_fts_delete AFTER DELETE ON log BEGIN
  DELETE FROM log_fts WHERE rowid = old.seq;
END;

-- Between processes ------------------------------------------------------------------------------------------------

CREATE TABLE commands (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  kind        TEXT NOT NULL,
  args        TEXT NOT NULL,
  by_whom     TEXT NOT NULL,
  state       TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'cancelled')),
  fence       INTEGER,
  attempts    INTEGER NOT NULL DEFAULT 0,
  cancel      INTEGER NOT NULL DEFAULT 0,
  queued_at   TEXT NOT NULL,
  taken_at    TEXT,
  finished_at TEXT,
  exit_code   INTEGER,
  result      TEXT
) STRICT;
CREATE INDEX commands_open ON commands (id) WHERE state IN ('queued', 'running');

CREATE TABLE lease (
  one          INTEGER PRIMARY KEY CHECK (one = 1),
  fence        INTEGER NOT NULL,
  held         INTEGER NOT NULL,
  pid          INTEGER NOT NULL,
  host         TEXT NOT NULL,
  start_id     TEXT NOT NULL,
  command      TEXT NOT NULL,
  acquired_ms  INTEGER NOT NULL,
  heartbeat_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE audit (
  seq      INTEGER PRIMARY KEY AUTOINCREMENT,
  at       TEXT NOT NULL,
  who      TEXT NOT NULL,
  what     TEXT NOT NULL,
  details  TEXT NOT NULL,
  previous TEXT NOT NULL,
  hash     TEXT NOT NULL
) STRICT;
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN
  SELECT RAISE(ABORT, 'the audit trail is append-only');
END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN
  SELECT RAISE(ABORT, 'the audit trail is append-only');
END;

-- How many entries there must be and the hash of the last one: without it a cut-off tail would go unnoticed.
CREATE TABLE audit_head (
  one  INTEGER PRIMARY KEY CHECK (one = 1),
  seq  INTEGER NOT NULL,
  hash TEXT NOT NULL
) STRICT;
