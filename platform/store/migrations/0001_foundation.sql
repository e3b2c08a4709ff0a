-- Who works here. (platform/access)
CREATE TABLE orgs (
  id TEXT PRIMARY KEY, code TEXT NOT NULL UNIQUE, name TEXT NOT NULL, kind TEXT NOT NULL,
  disabled BOOLEAN NOT NULL DEFAULT FALSE, created_at BIGINT NOT NULL
);
CREATE TABLE offices (
  id TEXT PRIMARY KEY, org TEXT NOT NULL REFERENCES orgs(id), code TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
  place TEXT NOT NULL DEFAULT '', disabled BOOLEAN NOT NULL DEFAULT FALSE, created_at BIGINT NOT NULL
);
CREATE TABLE users (
  id TEXT PRIMARY KEY, login TEXT NOT NULL UNIQUE, name TEXT NOT NULL, org TEXT NOT NULL REFERENCES orgs(id),
  language TEXT NOT NULL DEFAULT 'en', password TEXT NOT NULL DEFAULT '', totp BLOB, totp_step BIGINT NOT NULL DEFAULT 0,
  must_change BOOLEAN NOT NULL DEFAULT FALSE, disabled BOOLEAN NOT NULL DEFAULT FALSE, created_at BIGINT NOT NULL
);
CREATE TABLE user_offices (user_id TEXT NOT NULL REFERENCES users(id), office TEXT NOT NULL REFERENCES offices(id), PRIMARY KEY (user_id, office));
CREATE TABLE user_roles (user_id TEXT NOT NULL REFERENCES users(id), role TEXT NOT NULL, PRIMARY KEY (user_id, role));
CREATE TABLE passkeys (
  id TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users(id), name TEXT NOT NULL, credential BLOB NOT NULL,
  created_at BIGINT NOT NULL, used_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX passkeys_user ON passkeys (user_id);
CREATE TABLE sessions (
  hash TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE, user_id TEXT NOT NULL REFERENCES users(id), created_at BIGINT NOT NULL, seen_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL, agent TEXT NOT NULL DEFAULT '', method TEXT NOT NULL DEFAULT ''
);
CREATE INDEX sessions_user ON sessions (user_id);
-- A device token lets one phone or web form send and read forms for one office.
CREATE TABLE device_tokens (
  hash TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE, label TEXT NOT NULL, user_id TEXT NOT NULL REFERENCES users(id), office TEXT NOT NULL REFERENCES offices(id),
  created_at BIGINT NOT NULL, seen_at BIGINT NOT NULL DEFAULT 0, revoked_at BIGINT NOT NULL DEFAULT 0
);
-- Throttle counters: key is a hash of what is counted (a login, an address), never the thing itself.
CREATE TABLE throttles (key TEXT PRIMARY KEY, tokens DOUBLE PRECISION NOT NULL, at BIGINT NOT NULL);

-- Need to know. (platform/access)
CREATE TABLE case_team (
  case_id TEXT NOT NULL, person_id TEXT NOT NULL DEFAULT '', user_id TEXT NOT NULL, why TEXT NOT NULL, reason TEXT NOT NULL DEFAULT '',
  since BIGINT NOT NULL, until BIGINT NOT NULL,
  PRIMARY KEY (case_id, user_id, why)
);
CREATE INDEX case_team_person ON case_team (person_id, user_id);
CREATE INDEX case_team_user ON case_team (user_id, case_id);
-- A share lets one organisation see one group of properties of one case, resting on one consent.
CREATE TABLE shares (
  id TEXT PRIMARY KEY, case_id TEXT NOT NULL, person_id TEXT NOT NULL, org TEXT NOT NULL, office TEXT NOT NULL DEFAULT '', grp TEXT NOT NULL,
  consent_id TEXT NOT NULL, referral_id TEXT NOT NULL DEFAULT '', since BIGINT NOT NULL, until BIGINT NOT NULL, ended_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX shares_org ON shares (org, case_id);
CREATE INDEX shares_case ON shares (case_id);
CREATE INDEX shares_person ON shares (person_id);

-- The one write path. (forms)
CREATE TABLE submissions (
  id TEXT PRIMARY KEY, form TEXT NOT NULL, form_version TEXT NOT NULL, org TEXT NOT NULL, office TEXT NOT NULL,
  actor TEXT NOT NULL, device TEXT NOT NULL DEFAULT '', received_at BIGINT NOT NULL,
  state TEXT NOT NULL, hash TEXT NOT NULL, key_id TEXT NOT NULL DEFAULT '', body BLOB, size BIGINT NOT NULL DEFAULT 0,
  case_id TEXT NOT NULL DEFAULT '', person_id TEXT NOT NULL DEFAULT '', claimed_by TEXT NOT NULL DEFAULT '', claimed_at BIGINT NOT NULL DEFAULT 0,
  replaces TEXT NOT NULL DEFAULT '', replaced_by TEXT NOT NULL DEFAULT '', reasons TEXT NOT NULL DEFAULT ''
);
CREATE INDEX submissions_state ON submissions (state, office, received_at);
CREATE INDEX submissions_form ON submissions (form, received_at);
CREATE INDEX submissions_case ON submissions (case_id);
CREATE TABLE submission_files (
  submission TEXT NOT NULL REFERENCES submissions(id), name TEXT NOT NULL, media_type TEXT NOT NULL DEFAULT '', hash TEXT NOT NULL, size BIGINT NOT NULL,
  key_id TEXT NOT NULL, PRIMARY KEY (submission, name)
);
CREATE TABLE submission_chunks (
  submission TEXT NOT NULL, name TEXT NOT NULL, n BIGINT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (submission, name, n)
);
CREATE TABLE published_forms (
  form TEXT NOT NULL, version TEXT NOT NULL, title TEXT NOT NULL, kind TEXT NOT NULL, state TEXT NOT NULL, hash TEXT NOT NULL,
  body BLOB NOT NULL, mapping TEXT NOT NULL DEFAULT '', published_at BIGINT NOT NULL, PRIMARY KEY (form, version)
);

-- What the submissions add up to. (registry; the registers' own tables are made from their schemas)
CREATE TABLE registers (name TEXT PRIMARY KEY, schema TEXT NOT NULL, updated_at BIGINT NOT NULL);
CREATE TABLE history (
  register TEXT NOT NULL, row_id TEXT NOT NULL, version BIGINT NOT NULL, submission TEXT NOT NULL, actor TEXT NOT NULL, at BIGINT NOT NULL,
  op TEXT NOT NULL, changes TEXT NOT NULL, key_id TEXT NOT NULL DEFAULT '', sealed BLOB,
  PRIMARY KEY (register, row_id, version)
);
CREATE INDEX history_submission ON history (submission);
CREATE TABLE conflicts (
  id TEXT PRIMARY KEY, register TEXT NOT NULL, row_id TEXT NOT NULL, base_version BIGINT NOT NULL, found_version BIGINT NOT NULL,
  submission TEXT NOT NULL, at BIGINT NOT NULL, properties TEXT NOT NULL, sealed BLOB, state TEXT NOT NULL, resolved_by TEXT NOT NULL DEFAULT '',
  resolved_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX conflicts_row ON conflicts (register, row_id, state);

-- Secrets. (platform/vault)
CREATE TABLE vault_keys (
  id TEXT PRIMARY KEY, owner TEXT NOT NULL, epoch BIGINT NOT NULL, wrapped BLOB NOT NULL, created_at BIGINT NOT NULL
);
CREATE INDEX vault_keys_owner ON vault_keys (owner);
CREATE INDEX vault_keys_epoch ON vault_keys (epoch);
CREATE TABLE blind (
  register TEXT NOT NULL, row_id TEXT NOT NULL, property TEXT NOT NULL, kind TEXT NOT NULL, token BLOB NOT NULL,
  PRIMARY KEY (token, register, row_id, property, kind)
);
CREATE INDEX blind_row ON blind (register, row_id);
CREATE TABLE erasures (
  person_id TEXT PRIMARY KEY, asked_at BIGINT NOT NULL, asked_by TEXT NOT NULL, done_at BIGINT NOT NULL DEFAULT 0, hold TEXT NOT NULL DEFAULT '',
  backups_gone_at BIGINT NOT NULL DEFAULT 0
);

-- Who did what. (platform/audit)
CREATE TABLE audit (
  seq BIGINT PRIMARY KEY, at BIGINT NOT NULL, actor TEXT NOT NULL, org TEXT NOT NULL, action TEXT NOT NULL, outcome TEXT NOT NULL,
  register TEXT NOT NULL, object TEXT NOT NULL, case_id TEXT NOT NULL, detail TEXT NOT NULL, hash BLOB NOT NULL
);
CREATE INDEX audit_case ON audit (case_id, seq);
CREATE INDEX audit_object ON audit (object, seq);
CREATE INDEX audit_actor ON audit (actor, seq);
CREATE TABLE audit_checkpoints (seq BIGINT PRIMARY KEY, at BIGINT NOT NULL, hash BLOB NOT NULL, key_id TEXT NOT NULL, signature BLOB NOT NULL);

-- Work that outlives a request. (platform/jobs)
CREATE TABLE jobs (
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, args TEXT NOT NULL, state TEXT NOT NULL, unique_key TEXT NOT NULL DEFAULT '', run_at BIGINT NOT NULL,
  attempts BIGINT NOT NULL DEFAULT 0, most BIGINT NOT NULL, lease TEXT NOT NULL DEFAULT '', lease_until BIGINT NOT NULL DEFAULT 0,
  progress DOUBLE PRECISION NOT NULL DEFAULT 0, note TEXT NOT NULL DEFAULT '', result TEXT NOT NULL DEFAULT '', error TEXT NOT NULL DEFAULT '',
  created_by TEXT NOT NULL DEFAULT '', created_at BIGINT NOT NULL, finished_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX jobs_due ON jobs (state, run_at);
CREATE INDEX jobs_unique ON jobs (kind, unique_key);

-- What waits for somebody to see it. (casework)
CREATE TABLE notices (
  id TEXT PRIMARY KEY, user_id TEXT NOT NULL DEFAULT '', org TEXT NOT NULL DEFAULT '', office TEXT NOT NULL DEFAULT '', kind TEXT NOT NULL,
  case_id TEXT NOT NULL DEFAULT '', object TEXT NOT NULL DEFAULT '', at BIGINT NOT NULL, seen_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX notices_org ON notices (org, at);
CREATE INDEX notices_user ON notices (user_id, at);

-- What left. (release)
CREATE TABLE releases (
  id TEXT PRIMARY KEY, at BIGINT NOT NULL, actor TEXT NOT NULL, org TEXT NOT NULL, register TEXT NOT NULL, kind TEXT NOT NULL,
  spec TEXT NOT NULL, state TEXT NOT NULL, approved_by TEXT NOT NULL DEFAULT '', approved_at BIGINT NOT NULL DEFAULT 0, recalled_at BIGINT NOT NULL DEFAULT 0,
  published TEXT NOT NULL, hash TEXT NOT NULL
);

-- Settings of this node that are neither content nor secrets.
CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL);
