-- What a thread's messages pass on to one without topic words of its own, and when
-- each was sent: which came last before it. A row written before has neither until
-- its item is read again.
ALTER TABLE documents ADD COLUMN topics TEXT NOT NULL DEFAULT '';
ALTER TABLE documents ADD COLUMN sent BIGINT NOT NULL DEFAULT 0;
