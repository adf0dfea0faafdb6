-- What keeps a document from being shown. doubts: doubtful marks of the current reading;
-- earlier: marks of the reading before, until every occurrence was read anew; status
-- ('', 'doubtful', 'quarantined') and reason: what follows from them.
ALTER TABLE documents ADD COLUMN doubts TEXT NOT NULL DEFAULT '';
ALTER TABLE documents ADD COLUMN earlier TEXT NOT NULL DEFAULT '';
ALTER TABLE documents ADD COLUMN status TEXT NOT NULL DEFAULT '';
ALTER TABLE documents ADD COLUMN reason TEXT NOT NULL DEFAULT '';
UPDATE documents SET status = 'quarantined', reason = personal WHERE personal <> '';
CREATE INDEX documents_withheld ON documents (case_id, status) WHERE status <> '';
DROP INDEX occurrences_document;
CREATE INDEX occurrences_document ON occurrences (case_id, document, generation);
