-- Captured files of which something had to be guessed that could hide mail.
CREATE TABLE warned (
    case_id  TEXT NOT NULL,
    okey     TEXT NOT NULL, -- of the occurrence as if it had no bytes
    code     TEXT NOT NULL,
    owner    TEXT NOT NULL,
    source   TEXT NOT NULL,
    folder   TEXT NOT NULL,
    position TEXT NOT NULL,
    amount   BIGINT NOT NULL,
    PRIMARY KEY (case_id, okey, code)
);
