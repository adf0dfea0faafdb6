-- Embedded, rows have checksums from here on: see sqlitefile.Guard, which is run after the
-- last migration that is new.
UPDATE meta SET value = value WHERE name = '';
