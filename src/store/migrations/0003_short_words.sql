-- Short words: what the full-text indexes hold, and the ends of the texts, which begin no entry of them.
CREATE VIRTUAL TABLE users_terms USING fts5vocab(users_fts, row);
CREATE VIRTUAL TABLE groups_terms USING fts5vocab(groups_fts, row);
CREATE INDEX users_end ON users (substr(search, -2));
CREATE INDEX groups_end ON groups (substr(search, -2));
