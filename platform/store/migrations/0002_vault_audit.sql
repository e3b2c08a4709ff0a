-- Erasure removes a person's look-up tokens together with the keys. (platform/vault)
ALTER TABLE blind ADD COLUMN owner TEXT NOT NULL DEFAULT '';
CREATE INDEX blind_owner ON blind (owner);

-- The newest entry, signed anew by each append, so that even a cut of the very last entry shows. (platform/audit)
CREATE TABLE audit_head (id BIGINT PRIMARY KEY, seq BIGINT NOT NULL, at BIGINT NOT NULL, hash BLOB NOT NULL, key_id TEXT NOT NULL, signature BLOB NOT NULL);
