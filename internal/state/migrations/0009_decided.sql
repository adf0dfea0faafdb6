-- Decisions on clients and topics, and merged clients, beside those on privacy. value: the
-- client or topic; since and until: the days (since 1970) of the documents it holds for, 0
-- for no bound; ranked: the order in which decisions count, a time in microseconds that
-- never goes back. Those of the whole archive have no case.
ALTER TABLE decisions ADD COLUMN value TEXT NOT NULL DEFAULT '';
ALTER TABLE decisions ADD COLUMN since BIGINT NOT NULL DEFAULT 0;
ALTER TABLE decisions ADD COLUMN until BIGINT NOT NULL DEFAULT 0;
ALTER TABLE decisions ADD COLUMN ranked BIGINT NOT NULL DEFAULT 0;
UPDATE decisions SET ranked = seq;
-- Decisions, made or undone, that the documents of a case do not follow yet.
CREATE TABLE decisions_pending (
    case_id  TEXT NOT NULL,
    decision TEXT NOT NULL,
    PRIMARY KEY (case_id, decision)
);
-- With whom a document was exchanged: digests of addresses and of their registrable
-- domains, on its row and the other way round. A row written before has none until its
-- item is read again.
ALTER TABLE documents ADD COLUMN people TEXT NOT NULL DEFAULT '';
CREATE TABLE correspondents (
    case_id  TEXT NOT NULL,
    who      TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (case_id, who, document)
);
