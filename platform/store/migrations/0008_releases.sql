-- Release requests and the privacy ledger. (release)

-- The budget of a population (a register of an organisation), step by step. body is the entry as it was hashed; the
-- primary key is what makes two nodes take turns.
CREATE TABLE privacy_ledger (population TEXT NOT NULL, seq BIGINT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (population, seq));

-- Who asked for which release, and how far it is. actor is the owner, as in releases; sealed_by the key of its parts.
CREATE TABLE release_requests (
  id TEXT PRIMARY KEY, org TEXT NOT NULL, actor TEXT NOT NULL, population TEXT NOT NULL, state TEXT NOT NULL, ask TEXT NOT NULL,
  planned TEXT NOT NULL DEFAULT '', approver TEXT NOT NULL DEFAULT '', words TEXT NOT NULL DEFAULT '', fault TEXT NOT NULL DEFAULT '',
  job TEXT NOT NULL DEFAULT '', sealed_by TEXT NOT NULL DEFAULT '', hash TEXT NOT NULL DEFAULT '', approvals BIGINT NOT NULL DEFAULT 0,
  created_at BIGINT NOT NULL, changed_at BIGINT NOT NULL, submitted_at BIGINT NOT NULL DEFAULT 0, approved_at BIGINT NOT NULL DEFAULT 0,
  released_at BIGINT NOT NULL DEFAULT 0, recalled_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX release_requests_org ON release_requests (org, created_at);
CREATE INDEX release_requests_population ON release_requests (population, state);

-- What belongs to a request, sealed in chunks: the plan, the released folder, the internal evaluation, the rows told.
CREATE TABLE release_parts (request TEXT NOT NULL, name TEXT NOT NULL, part BIGINT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (request, name, part));
