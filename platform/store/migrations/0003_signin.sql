-- Codes on paper for whoever lost the telephone that makes them; each works once. (platform/signin)
CREATE TABLE recovery_codes (user_id TEXT NOT NULL REFERENCES users(id), hash TEXT NOT NULL, PRIMARY KEY (user_id, hash));
-- Browsers that have signed a user in before: strangers cannot slow her down there.
CREATE TABLE known_browsers (hash TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users(id), created_at BIGINT NOT NULL, seen_at BIGINT NOT NULL);
CREATE INDEX known_browsers_user ON known_browsers (user_id);
-- What a sign-in or an enrolment has to remember between its two steps; taken out when it ends.
CREATE TABLE ceremonies (hash TEXT PRIMARY KEY, kind TEXT NOT NULL, user_id TEXT NOT NULL DEFAULT '', state BLOB NOT NULL, tries BIGINT NOT NULL DEFAULT 0, expires_at BIGINT NOT NULL);
