-- Sessions of programs. (platform/signin)
-- A program password lets a script of a user in, without her password and her second factor.
-- It opens the interface for programs and nothing else. names: tables may show identity values,
-- where she herself may unseal them.
CREATE TABLE program_passwords (
  hash TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE, user_id TEXT NOT NULL REFERENCES users(id), label TEXT NOT NULL, names BOOLEAN NOT NULL DEFAULT FALSE,
  created_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, seen_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX program_passwords_user ON program_passwords (user_id);
CREATE TABLE program_sessions (hash TEXT PRIMARY KEY, password TEXT NOT NULL, created_at BIGINT NOT NULL, expires_at BIGINT NOT NULL);
CREATE INDEX program_sessions_password ON program_sessions (password);

-- Programs written for ODK Central know users, phones and forms by small numbers; each thing
-- gets one when it is first shown to a program, and keeps it. (forms/central)
CREATE TABLE numbers (kind TEXT NOT NULL, number BIGINT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (kind, number), UNIQUE (kind, id));

-- Phones that a program let in: the project they belong to, and the account of their own that stands behind them. (forms/central)
CREATE TABLE app_users (device TEXT PRIMARY KEY, project BIGINT NOT NULL, user_id TEXT NOT NULL);
