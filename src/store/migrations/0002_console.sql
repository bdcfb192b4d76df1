-- What a console asks again and again, so that it costs the same with a hundred people and with 200,000.
-- `fold()` and `log_words()` are this program's own functions: what is derived here is made as for new rows.

-- The directory: other orders, and states that are filtered by ----------------------------------------------------

ALTER TABLE users ADD COLUMN department_key TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN title_key TEXT NOT NULL DEFAULT '';
UPDATE users SET
  department_key = CASE json_type(properties, '$.department') WHEN 'text' THEN fold(json_extract(properties, '$.department')) ELSE '' END,
  title_key = CASE json_type(properties, '$.jobTitle') WHEN 'text' THEN fold(json_extract(properties, '$.jobTitle')) ELSE '' END;
-- Lists show and sort users by the name they sign in with, first by what stands before the @ (a blank comes before every
-- letter and digit); who has none stands there under the other name.
ALTER TABLE users ADD COLUMN user_key TEXT NOT NULL
  GENERATED ALWAYS AS (coalesce(replace(upn_key, '@', ' '), name_key)) VIRTUAL;
CREATE INDEX users_user ON users (user_key, pk);
CREATE INDEX users_department ON users (department_key, user_key, pk);
CREATE INDEX users_gone ON users (id) WHERE removed IS NOT NULL;
CREATE INDEX groups_gone ON groups (id) WHERE removed IS NOT NULL;

CREATE INDEX links_off ON links (object_type, source_id) WHERE active = 0;
CREATE INDEX links_broken ON links (object_type, source_id) WHERE broken = 1;
CREATE INDEX retries_reference ON retries (reference, object_type, source_id);

-- Objects of the mirror without a link: an absence has no index of its own.
CREATE TABLE unlinked (
  object_type TEXT NOT NULL,
  id          TEXT NOT NULL,
  PRIMARY KEY (object_type, id)
) STRICT, WITHOUT ROWID;
INSERT INTO unlinked SELECT 'User', id FROM users
  WHERE NOT EXISTS (SELECT 1 FROM links WHERE object_type = 'User' AND source_id = users.id);
INSERT INTO unlinked SELECT 'Group', id FROM groups
  WHERE NOT EXISTS (SELECT 1 FROM links WHERE object_type = 'Group' AND source_id = groups.id);
CREATE TRIGGER unlinked_user_insert AFTER INSERT ON users
  WHEN NOT EXISTS (SELECT 1 FROM links WHERE object_type = 'User' AND source_id = new.id) BEGIN
  INSERT OR IGNORE INTO unlinked VALUES ('User', new.id);
END;
CREATE TRIGGER unlinked_user_delete AFTER DELETE ON users BEGIN
  DELETE FROM unlinked WHERE object_type = 'User' AND id = old.id;
END;
CREATE TRIGGER unlinked_group_insert AFTER INSERT ON groups
  WHEN NOT EXISTS (SELECT 1 FROM links WHERE object_type = 'Group' AND source_id = new.id) BEGIN
  INSERT OR IGNORE INTO unlinked VALUES ('Group', new.id);
END;
CREATE TRIGGER unlinked_group_delete AFTER DELETE ON groups BEGIN
  DELETE FROM unlinked WHERE object_type = 'Group' AND id = old.id;
END;

-- Links are counted as they come and go. A replaced row fires no DELETE trigger, hence BEFORE INSERT and NOT EXISTS.
CREATE TABLE link_counts (
  object_type TEXT PRIMARY KEY NOT NULL,
  n           INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO link_counts SELECT object_type, count(*) FROM links GROUP BY object_type;
CREATE TRIGGER link_counts_insert BEFORE INSERT ON links
  WHEN NOT EXISTS (SELECT 1 FROM links WHERE object_type = new.object_type AND source_id = new.source_id) BEGIN
  INSERT INTO link_counts VALUES (new.object_type, 1) ON CONFLICT (object_type) DO UPDATE SET n = n + 1;
  DELETE FROM unlinked WHERE object_type = new.object_type AND id = new.source_id;
END;
CREATE TRIGGER link_counts_delete AFTER DELETE ON links BEGIN
  UPDATE link_counts SET n = n - 1 WHERE object_type = old.object_type;
  INSERT OR IGNORE INTO unlinked SELECT 'User', id FROM users WHERE old.object_type = 'User' AND id = old.source_id;
  INSERT OR IGNORE INTO unlinked SELECT 'Group', id FROM groups WHERE old.object_type = 'Group' AND id = old.source_id;
END;

-- The log: what a list shows as narrow rows, the whole entries apart ----------------------------------------------

CREATE TABLE log_entries (
  seq   INTEGER PRIMARY KEY,
  entry TEXT NOT NULL
) STRICT;
INSERT INTO log_entries SELECT seq, entry FROM log;
ALTER TABLE log ADD COLUMN object_type TEXT NOT NULL DEFAULT '';
ALTER TABLE log ADD COLUMN changes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE log ADD COLUMN attribute TEXT;
ALTER TABLE log ADD COLUMN value TEXT;
ALTER TABLE log ADD COLUMN cause_id INTEGER;
UPDATE log SET
  object_type = coalesce(json_extract(entry, '$.sourceIdentity.identityType'), ''),
  changes = json_array_length(entry, '$.modifiedProperties');
UPDATE log SET
  attribute = json_extract(entry, '$.modifiedProperties[0].displayName'),
  value = substr(json_extract(entry, '$.modifiedProperties[0].newValue'), 1, 200)
  WHERE changes = 1;
-- Words are looked for while they are typed, so by their first letters.
DROP TRIGGER log_fts_delete;
DROP TABLE log_fts;
CREATE VIRTUAL TABLE log_fts USING fts5(words, content = '', contentless_delete = 1, prefix = '1 2 3', tokenize = 'unicode61 remove_diacritics 2');
INSERT INTO log_fts (rowid, words) SELECT seq, log_words(entry) FROM log;
CREATE TRIGGER log_fts_delete AFTER DELETE ON log BEGIN
  DELETE FROM log_fts WHERE rowid = old.seq;
END;
ALTER TABLE log DROP COLUMN entry;
CREATE INDEX log_action ON log (action, seq);
CREATE INDEX log_cause ON log (cause_id, seq) WHERE cause_id IS NOT NULL;
CREATE TRIGGER log_entries_delete AFTER DELETE ON log BEGIN
  DELETE FROM log_entries WHERE seq = old.seq;
END;

-- What failures and warnings have in common, counted by the hour (hours since 1970, UTC).
CREATE TABLE causes (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  status    TEXT NOT NULL,
  code      TEXT NOT NULL,
  attribute TEXT NOT NULL,
  reason    TEXT NOT NULL,
  UNIQUE (status, code, attribute, reason)
) STRICT;
CREATE TABLE cause_hours (
  hour     INTEGER NOT NULL,
  cause_id INTEGER NOT NULL,
  n        INTEGER NOT NULL,
  first_ms INTEGER NOT NULL,
  last_ms  INTEGER NOT NULL,
  PRIMARY KEY (hour, cause_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE cause_objects (
  cause_id  INTEGER NOT NULL,
  source_id TEXT NOT NULL,
  last_ms   INTEGER NOT NULL,
  PRIMARY KEY (cause_id, source_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX cause_objects_recent ON cause_objects (cause_id, last_ms);
CREATE INDEX cause_objects_last ON cause_objects (last_ms, source_id);
CREATE TABLE log_hours (
  hour   INTEGER NOT NULL,
  status TEXT NOT NULL,
  n      INTEGER NOT NULL,
  PRIMARY KEY (hour, status)
) STRICT, WITHOUT ROWID;

INSERT INTO causes (status, code, attribute, reason)
  SELECT DISTINCT status, coalesce(code, ''), coalesce(attribute, ''), substr(coalesce(cause, ''), 1, 300)
  FROM log WHERE status IN ('failure', 'warning');
UPDATE log SET cause_id = (
  SELECT id FROM causes WHERE causes.status = log.status AND causes.code = coalesce(log.code, '')
  AND causes.attribute = coalesce(log.attribute, '') AND causes.reason = substr(coalesce(log.cause, ''), 1, 300)
) WHERE status IN ('failure', 'warning');
INSERT INTO cause_hours SELECT at_ms / 3600000, cause_id, count(*), min(at_ms), max(at_ms)
  FROM log WHERE cause_id IS NOT NULL GROUP BY 1, 2;
INSERT INTO cause_objects SELECT cause_id, source_id, max(at_ms) FROM log WHERE cause_id IS NOT NULL GROUP BY 1, 2;
INSERT INTO log_hours SELECT at_ms / 3600000, status, count(*) FROM log GROUP BY 1, 2;

CREATE TRIGGER log_hours_insert AFTER INSERT ON log BEGIN
  INSERT INTO log_hours VALUES (new.at_ms / 3600000, new.status, 1)
    ON CONFLICT (hour, status) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER log_hours_delete AFTER DELETE ON log BEGIN
  UPDATE log_hours SET n = n - 1 WHERE hour = old.at_ms / 3600000 AND status = old.status;
  DELETE FROM log_hours WHERE hour = old.at_ms / 3600000 AND status = old.status AND n <= 0;
END;
CREATE TRIGGER cause_hours_insert AFTER INSERT ON log WHEN new.cause_id IS NOT NULL BEGIN
  INSERT INTO cause_hours VALUES (new.at_ms / 3600000, new.cause_id, 1, new.at_ms, new.at_ms)
    ON CONFLICT (hour, cause_id) DO UPDATE SET n = n + 1,
    first_ms = min(first_ms, excluded.first_ms), last_ms = max(last_ms, excluded.last_ms);
  INSERT INTO cause_objects VALUES (new.cause_id, new.source_id, new.at_ms)
    ON CONFLICT (cause_id, source_id) DO UPDATE SET last_ms = max(last_ms, excluded.last_ms);
END;
CREATE TRIGGER cause_hours_delete AFTER DELETE ON log WHEN old.cause_id IS NOT NULL BEGIN
  UPDATE cause_hours SET n = n - 1 WHERE hour = old.at_ms / 3600000 AND cause_id = old.cause_id;
  DELETE FROM cause_hours WHERE hour = old.at_ms / 3600000 AND cause_id = old.cause_id AND n <= 0;
  DELETE FROM cause_objects WHERE cause_id = old.cause_id AND source_id = old.source_id AND last_ms <= old.at_ms;
END;

-- What the console remembers about how it was left ----------------------------------------------------------------

CREATE TABLE remembered (
  key   TEXT PRIMARY KEY NOT NULL,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Cycles ------------------------------------------------------------------------------------------------------------

-- Provisioning one object on demand has a cycle id of its own, but it is no cycle of the job: it moves no schedule and
-- reads nothing for anybody else.
ALTER TABLE cycles ADD COLUMN on_demand INTEGER NOT NULL DEFAULT 0;
CREATE INDEX cycles_of_the_job ON cycles (seq) WHERE on_demand = 0;
