-- A look-up by token must go by the token's own key. An index that begins with the register
-- led SQLite to walk through everybody's tokens instead, because it groups by row. (platform/vault)
DROP INDEX blind_row;
CREATE INDEX blind_row ON blind (row_id, register);
