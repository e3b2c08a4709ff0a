-- Entity lists. (forms/entities)
-- A list is of a project; register names the register that it stands for, empty for a free list.
CREATE TABLE entity_lists (
  id BIGINT PRIMARY KEY, project BIGINT NOT NULL, name TEXT NOT NULL, register TEXT NOT NULL DEFAULT '',
  approval BOOLEAN NOT NULL DEFAULT FALSE, own_only BOOLEAN NOT NULL DEFAULT FALSE, label_class TEXT NOT NULL DEFAULT 'sensitive',
  stamp BIGINT NOT NULL DEFAULT 0, created_at BIGINT NOT NULL, created_by TEXT NOT NULL, updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX entity_lists_name ON entity_lists (project, name);
CREATE TABLE entity_properties (
  list BIGINT NOT NULL REFERENCES entity_lists(id), name TEXT NOT NULL, ord BIGINT NOT NULL, class TEXT NOT NULL, created_at BIGINT NOT NULL,
  PRIMARY KEY (list, name)
);
-- Which form writes to which property; property '' stands for the list itself.
CREATE TABLE entity_forms (
  list BIGINT NOT NULL REFERENCES entity_lists(id), form TEXT NOT NULL, property TEXT NOT NULL, PRIMARY KEY (list, form, property)
);
-- The entities of free lists as they stand. body is sealed: label and values.
CREATE TABLE entities (
  id TEXT PRIMARY KEY, list BIGINT NOT NULL, version BIGINT NOT NULL, org TEXT NOT NULL, office TEXT NOT NULL, owner TEXT NOT NULL,
  deleted BOOLEAN NOT NULL DEFAULT FALSE, deleted_at BIGINT NOT NULL DEFAULT 0, conflict TEXT NOT NULL DEFAULT '',
  created_at BIGINT NOT NULL, created_by TEXT NOT NULL, device TEXT NOT NULL, updated_at BIGINT NOT NULL DEFAULT 0, updated_by TEXT NOT NULL DEFAULT '',
  body BLOB
);
-- One index for each way of reaching rows, in the order of the pages; each holds all that finding a page asks for.
CREATE INDEX entities_office ON entities (list, office, deleted, created_at, id);
CREATE INDEX entities_org ON entities (list, org, deleted, created_at, id);
CREATE INDEX entities_owner ON entities (list, owner, deleted, created_at, id);
CREATE INDEX entities_list ON entities (list, deleted, created_at, id);
CREATE INDEX entities_conflict ON entities (list, conflict) WHERE conflict <> '';
-- What each version was and where it came from, of bound lists too. body is that of a version
-- which was written over; the newest lies in entities (or in the register).
CREATE TABLE entity_versions (
  list BIGINT NOT NULL, id TEXT NOT NULL, version BIGINT NOT NULL, at BIGINT NOT NULL, actor TEXT NOT NULL, device TEXT NOT NULL,
  form TEXT NOT NULL, submission TEXT NOT NULL, root TEXT NOT NULL, base BIGINT NOT NULL DEFAULT 0,
  trunk BIGINT NOT NULL DEFAULT 0, branch TEXT NOT NULL DEFAULT '', branch_base BIGINT NOT NULL DEFAULT 0,
  conflict TEXT NOT NULL DEFAULT '', conflicting TEXT NOT NULL DEFAULT '', settled_at BIGINT NOT NULL DEFAULT 0, settled_by TEXT NOT NULL DEFAULT '',
  brought TEXT NOT NULL DEFAULT '', body BLOB, PRIMARY KEY (id, version, list)
);
CREATE INDEX entity_versions_root ON entity_versions (root);
-- How many there are, by what decides who sees them; stamp moves with every change among them.
CREATE TABLE entity_counts (
  list BIGINT NOT NULL, org TEXT NOT NULL, office TEXT NOT NULL, owner TEXT NOT NULL, deleted BOOLEAN NOT NULL,
  n BIGINT NOT NULL, conflicts BIGINT NOT NULL, stamp BIGINT NOT NULL, newest BIGINT NOT NULL,
  PRIMARY KEY (list, org, office, owner, deleted)
);
-- Offline changes that wait for the one before them. block is sealed.
CREATE TABLE entity_held (
  list BIGINT NOT NULL, id TEXT NOT NULL, branch TEXT NOT NULL, branch_base BIGINT NOT NULL, trunk BIGINT NOT NULL,
  at BIGINT NOT NULL, actor TEXT NOT NULL, device TEXT NOT NULL, org TEXT NOT NULL, office TEXT NOT NULL,
  form TEXT NOT NULL, submission TEXT NOT NULL, root TEXT NOT NULL, block BLOB NOT NULL,
  PRIMARY KEY (list, id, branch, branch_base, submission)
);
CREATE INDEX entity_held_at ON entity_held (at);
