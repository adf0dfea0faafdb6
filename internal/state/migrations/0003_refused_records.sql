-- One row a record of the streams that a stage could not handle: where it stands and
-- why, brought here from topic "refused". generation is that of the stage, version the
-- revision of the document that the record holds (0: none, or not known).
CREATE TABLE refused_records (
    topic      TEXT NOT NULL,
    part       BIGINT NOT NULL,
    place      BIGINT NOT NULL,
    stage      TEXT NOT NULL,
    generation BIGINT NOT NULL,
    code       TEXT NOT NULL,
    rkey       TEXT NOT NULL,
    attempts   BIGINT NOT NULL,
    version    BIGINT NOT NULL,
    at         TEXT NOT NULL,
    PRIMARY KEY (topic, part, place, stage)
);
CREATE INDEX refused_records_key ON refused_records (rkey);
