-- What of a document's text could not be read, and why: '' where all was. It is counted
-- without its envelope being opened. A row written before has neither until its item is
-- read again.
ALTER TABLE envelopes ADD COLUMN state TEXT NOT NULL DEFAULT '';
ALTER TABLE envelopes ADD COLUMN unread TEXT NOT NULL DEFAULT '';
CREATE INDEX envelopes_state ON envelopes (case_id) WHERE state <> '';
