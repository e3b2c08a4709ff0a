-- A hash of what was sent, in clear, lets whoever has the database try names, and outlives the
-- key of the person it is about. What is sent twice is compared with what is sealed. (forms)
ALTER TABLE submissions DROP COLUMN hash;
ALTER TABLE submission_files DROP COLUMN hash;
