-- What people decide: kind "privacy" alone as yet. about: document (target: the SHA-256 of
-- its captured bytes), folder or rule (of doubtful marks). seq orders those of a case.
CREATE TABLE decisions (
    id            TEXT PRIMARY KEY,
    case_id       TEXT NOT NULL,
    seq           BIGINT NOT NULL,
    kind          TEXT NOT NULL,
    about         TEXT NOT NULL,
    target        TEXT NOT NULL,
    document      TEXT NOT NULL,
    verdict       TEXT NOT NULL,
    actor         TEXT NOT NULL,
    at            TEXT NOT NULL,
    reason        TEXT NOT NULL,
    undone_by     TEXT NOT NULL,
    undone_at     TEXT NOT NULL,
    undone_reason TEXT NOT NULL
);
CREATE INDEX decisions_target ON decisions (case_id, kind, about, target);

-- Who was told the subject and the sender of a withheld document, and why.
CREATE TABLE disclosures (
    case_id  TEXT NOT NULL,
    document TEXT NOT NULL,
    at       TEXT NOT NULL,
    actor    TEXT NOT NULL,
    reason   TEXT NOT NULL,
    PRIMARY KEY (case_id, document, at, actor)
);
CREATE INDEX documents_doubts ON documents (case_id) WHERE doubts <> '' OR earlier <> '';
