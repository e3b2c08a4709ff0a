-- Projects, drafts, media, reviews. (forms)
CREATE TABLE projects (
  id BIGINT PRIMARY KEY, name TEXT NOT NULL, description TEXT NOT NULL DEFAULT '', org TEXT NOT NULL DEFAULT '',
  archived BOOLEAN NOT NULL DEFAULT FALSE, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, deleted_at BIGINT NOT NULL DEFAULT 0
);
INSERT INTO projects (id, name, created_at, updated_at) VALUES (1, 'Aman', 0, 0);
CREATE TABLE forms (
  id TEXT PRIMARY KEY, project BIGINT NOT NULL, org TEXT NOT NULL DEFAULT '', kind TEXT NOT NULL, state TEXT NOT NULL,
  title TEXT NOT NULL, offices TEXT NOT NULL DEFAULT '', created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL,
  created_by TEXT NOT NULL DEFAULT '', deleted_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX forms_project ON forms (project, id);
INSERT INTO forms (id, project, kind, state, title, created_at, updated_at)
  SELECT p.form, 1, p.kind, p.state, p.title, p.published_at, p.published_at FROM published_forms p
  WHERE p.published_at = (SELECT max(q.published_at) FROM published_forms q WHERE q.form = p.form)
  ON CONFLICT (id) DO NOTHING;
ALTER TABLE published_forms DROP COLUMN kind;
ALTER TABLE published_forms DROP COLUMN state;
ALTER TABLE published_forms DROP COLUMN mapping;
ALTER TABLE published_forms ADD COLUMN published_by TEXT NOT NULL DEFAULT '';
ALTER TABLE published_forms ADD COLUMN encrypted BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE published_forms ADD COLUMN lists TEXT NOT NULL DEFAULT '';
ALTER TABLE published_forms ADD COLUMN media TEXT NOT NULL DEFAULT '';
ALTER TABLE published_forms ADD COLUMN source_name TEXT NOT NULL DEFAULT '';
ALTER TABLE published_forms ADD COLUMN source BLOB;
CREATE TABLE form_drafts (
  form TEXT PRIMARY KEY, version TEXT NOT NULL, title TEXT NOT NULL, hash TEXT NOT NULL, token TEXT NOT NULL, body BLOB NOT NULL,
  encrypted BOOLEAN NOT NULL DEFAULT FALSE, lists TEXT NOT NULL DEFAULT '', media TEXT NOT NULL DEFAULT '', source_name TEXT NOT NULL DEFAULT '', source BLOB,
  problems TEXT NOT NULL DEFAULT '', org TEXT NOT NULL, made_at BIGINT NOT NULL, made_by TEXT NOT NULL
);
-- Files beside a version of a form; what they hold is kept once, under its SHA-256.
CREATE TABLE form_blobs (content TEXT PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE form_media (
  form TEXT NOT NULL, version TEXT NOT NULL, name TEXT NOT NULL, media_type TEXT NOT NULL DEFAULT '', size BIGINT NOT NULL DEFAULT 0,
  hash TEXT NOT NULL DEFAULT '', content TEXT NOT NULL DEFAULT '', dataset TEXT NOT NULL DEFAULT '', updated_at BIGINT NOT NULL,
  PRIMARY KEY (form, version, name)
);
CREATE INDEX form_media_content ON form_media (content);
-- Counts every change to forms, so that a node knows whether what it remembers of them still holds.
CREATE TABLE form_changes (id BIGINT PRIMARY KEY, n BIGINT NOT NULL);
INSERT INTO form_changes (id, n) VALUES (1, 1);

-- kind: that of its form (intake, survey), or empty for the program's own.
-- root: the first of a chain of edits, empty while there is none. first_at: when that came.
ALTER TABLE submissions ADD COLUMN kind TEXT NOT NULL DEFAULT '';
ALTER TABLE submissions ADD COLUMN project BIGINT NOT NULL DEFAULT 0;
ALTER TABLE submissions ADD COLUMN draft BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE submissions ADD COLUMN encrypted BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE submissions ADD COLUMN root TEXT NOT NULL DEFAULT '';
ALTER TABLE submissions ADD COLUMN edits BIGINT NOT NULL DEFAULT 0;
ALTER TABLE submissions ADD COLUMN review TEXT NOT NULL DEFAULT '';
ALTER TABLE submissions ADD COLUMN first_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE submissions ADD COLUMN updated_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE submissions ADD COLUMN deleted_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE submissions ADD COLUMN agent TEXT NOT NULL DEFAULT '';
ALTER TABLE submissions ADD COLUMN device_name TEXT NOT NULL DEFAULT '';
ALTER TABLE submissions ADD COLUMN files_present BIGINT NOT NULL DEFAULT 0;
ALTER TABLE submissions ADD COLUMN files_expected BIGINT NOT NULL DEFAULT 0;
UPDATE submissions SET kind = 'intake', project = 1 WHERE form IN (SELECT form FROM published_forms);
UPDATE submissions SET first_at = received_at;
-- The queue is walked by office and state, a survey in the order in which it came. Each has
-- an index of its own: what a survey brings does not weigh on the queue.
DROP INDEX submissions_state;
DROP INDEX submissions_form;
CREATE INDEX submissions_queue ON submissions (state, office, received_at) WHERE kind <> 'survey';
CREATE INDEX submissions_survey ON submissions (form, first_at, id, org, kind, draft, replaced_by, deleted_at) WHERE kind = 'survey' AND draft = FALSE AND replaced_by = '' AND deleted_at = 0;
CREATE INDEX submissions_draft ON submissions (form) WHERE draft = TRUE;
CREATE INDEX submissions_deleted ON submissions (form) WHERE deleted_at <> 0;
CREATE INDEX submissions_replaced ON submissions (form) WHERE replaced_by <> '';
CREATE INDEX submissions_root ON submissions (root) WHERE root <> '';

-- present: it came. expected: an answer names it. stored_as: the version of the submission
-- that it came with, when an edit carried it over.
ALTER TABLE submission_files ADD COLUMN present BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE submission_files ADD COLUMN expected BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE submission_files ADD COLUMN stored_as TEXT NOT NULL DEFAULT '';
CREATE TABLE submission_comments (id TEXT PRIMARY KEY, root TEXT NOT NULL, at BIGINT NOT NULL, actor TEXT NOT NULL, body BLOB NOT NULL);
CREATE INDEX submission_comments_root ON submission_comments (root, at);
