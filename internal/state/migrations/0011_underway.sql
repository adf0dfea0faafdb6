-- The batch of stream "raw" that a worker reads, by partition, on record before it is read:
-- what a worker that died was at. It stands until the next batch of the partition: once
-- the group has committed past it, it says nothing. deaths: how often a worker had died
-- before over this one record, read alone.
CREATE TABLE underway (
    consumer TEXT NOT NULL,
    part     BIGINT NOT NULL,
    since    BIGINT NOT NULL,
    until    BIGINT NOT NULL,
    worker   TEXT NOT NULL,
    deaths   BIGINT NOT NULL,
    PRIMARY KEY (consumer, part)
);
