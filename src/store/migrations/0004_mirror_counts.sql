-- How many users and groups there are is asked with every key of a filter and several times with every change: counted
-- as they come and go. `listed` are those that a list without a filter has: purged ones only while there is a link.
CREATE TABLE mirror_counts (
  object_type TEXT PRIMARY KEY NOT NULL,
  live        INTEGER NOT NULL,
  listed      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO mirror_counts SELECT 'User', count(*) FILTER (WHERE removed IS NULL), count(*) FILTER (WHERE
  removed IS NOT 'deleted' OR EXISTS (SELECT 1 FROM links WHERE object_type = 'User' AND source_id = users.id)) FROM users;
INSERT INTO mirror_counts SELECT 'Group', count(*) FILTER (WHERE removed IS NULL), count(*) FILTER (WHERE
  removed IS NOT 'deleted' OR EXISTS (SELECT 1 FROM links WHERE object_type = 'Group' AND source_id = groups.id)) FROM groups;

CREATE TRIGGER mirror_counts_user_insert AFTER INSERT ON users BEGIN
  UPDATE mirror_counts SET live = live + (new.removed IS NULL), listed = listed + (new.removed IS NOT 'deleted'
    OR EXISTS (SELECT 1 FROM links WHERE object_type = 'User' AND source_id = new.id)) WHERE object_type = 'User';
END;
CREATE TRIGGER mirror_counts_user_update AFTER UPDATE OF removed ON users WHEN old.removed IS NOT new.removed BEGIN
  UPDATE mirror_counts SET live = live + (new.removed IS NULL) - (old.removed IS NULL), listed = listed
    + CASE WHEN EXISTS (SELECT 1 FROM links WHERE object_type = 'User' AND source_id = new.id) THEN 0
      ELSE (new.removed IS NOT 'deleted') - (old.removed IS NOT 'deleted') END WHERE object_type = 'User';
END;
CREATE TRIGGER mirror_counts_user_delete AFTER DELETE ON users BEGIN
  UPDATE mirror_counts SET live = live - (old.removed IS NULL), listed = listed - (old.removed IS NOT 'deleted'
    OR EXISTS (SELECT 1 FROM links WHERE object_type = 'User' AND source_id = old.id)) WHERE object_type = 'User';
END;
CREATE TRIGGER mirror_counts_group_insert AFTER INSERT ON groups BEGIN
  UPDATE mirror_counts SET live = live + (new.removed IS NULL), listed = listed + (new.removed IS NOT 'deleted'
    OR EXISTS (SELECT 1 FROM links WHERE object_type = 'Group' AND source_id = new.id)) WHERE object_type = 'Group';
END;
CREATE TRIGGER mirror_counts_group_update AFTER UPDATE OF removed ON groups WHEN old.removed IS NOT new.removed BEGIN
  UPDATE mirror_counts SET live = live + (new.removed IS NULL) - (old.removed IS NULL), listed = listed
    + CASE WHEN EXISTS (SELECT 1 FROM links WHERE object_type = 'Group' AND source_id = new.id) THEN 0
      ELSE (new.removed IS NOT 'deleted') - (old.removed IS NOT 'deleted') END WHERE object_type = 'Group';
END;
CREATE TRIGGER mirror_counts_group_delete AFTER DELETE ON groups BEGIN
  UPDATE mirror_counts SET live = live - (old.removed IS NULL), listed = listed - (old.removed IS NOT 'deleted'
    OR EXISTS (SELECT 1 FROM links WHERE object_type = 'Group' AND source_id = old.id)) WHERE object_type = 'Group';
END;

-- A replaced row fires no DELETE trigger, hence BEFORE INSERT and NOT EXISTS.
CREATE TRIGGER mirror_counts_link_insert BEFORE INSERT ON links
  WHEN NOT EXISTS (SELECT 1 FROM links WHERE object_type = new.object_type AND source_id = new.source_id)
  AND (new.object_type = 'User' AND EXISTS (SELECT 1 FROM users WHERE id = new.source_id AND removed = 'deleted')
    OR new.object_type = 'Group' AND EXISTS (SELECT 1 FROM groups WHERE id = new.source_id AND removed = 'deleted')) BEGIN
  UPDATE mirror_counts SET listed = listed + 1 WHERE object_type = new.object_type;
END;
CREATE TRIGGER mirror_counts_link_delete AFTER DELETE ON links
  WHEN old.object_type = 'User' AND EXISTS (SELECT 1 FROM users WHERE id = old.source_id AND removed = 'deleted')
    OR old.object_type = 'Group' AND EXISTS (SELECT 1 FROM groups WHERE id = old.source_id AND removed = 'deleted') BEGIN
  UPDATE mirror_counts SET listed = listed - 1 WHERE object_type = old.object_type;
END;
