-- The first schema. Written for SQLite and PostgreSQL alike: $n placeholders,
-- ON CONFLICT, no generated keys; PostgreSQL reads TEXT as TEXT COLLATE "C", so
-- that both order strings by bytes.

CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE cases (
    id           TEXT PRIMARY KEY,
    name         TEXT NOT NULL,
    name_key     TEXT NOT NULL UNIQUE,
    purpose      TEXT NOT NULL,
    informed_on  TEXT NOT NULL,
    retain_until TEXT NOT NULL,
    created      TEXT NOT NULL,
    changed      BIGINT NOT NULL,
    settled      BIGINT NOT NULL
);

CREATE TABLE owners (
    case_id TEXT NOT NULL,
    address TEXT NOT NULL,
    aliases TEXT NOT NULL,
    PRIMARY KEY (case_id, address)
);

CREATE TABLE clients (
    id   TEXT PRIMARY KEY,
    body TEXT NOT NULL
);

CREATE TABLE contacts (
    client_id TEXT NOT NULL,
    rank      BIGINT NOT NULL,
    body      TEXT NOT NULL,
    PRIMARY KEY (client_id, rank)
);

CREATE TABLE discovered (
    case_id TEXT NOT NULL,
    domain  TEXT NOT NULL,
    PRIMARY KEY (case_id, domain)
);

CREATE TABLE folders (
    case_id   TEXT NOT NULL,
    owner     TEXT NOT NULL,
    source    TEXT NOT NULL,
    folder    TEXT NOT NULL,
    cursor    TEXT NOT NULL,
    announced BIGINT,
    PRIMARY KEY (case_id, owner, source, folder)
);

-- One row an occurrence, of whatever fate. outcome: pending, read, refused,
-- excluded, erased; of those read, what is stored, duplicate or quarantined
-- follows from documents.
CREATE TABLE occurrences (
    case_id    TEXT NOT NULL,
    okey       TEXT NOT NULL,
    owner      TEXT NOT NULL,
    source     TEXT NOT NULL,
    folder     TEXT NOT NULL,
    position   TEXT NOT NULL,
    sha256     TEXT NOT NULL,
    flags      TEXT NOT NULL,
    outcome    TEXT NOT NULL,
    reason     TEXT NOT NULL,
    document   TEXT NOT NULL,
    generation BIGINT NOT NULL,
    PRIMARY KEY (case_id, okey)
);
CREATE INDEX occurrences_document ON occurrences (case_id, document);
CREATE INDEX occurrences_place ON occurrences (case_id, owner, source, folder, position);

CREATE TABLE refusals (
    id       TEXT NOT NULL,
    case_id  TEXT NOT NULL,
    source   TEXT NOT NULL,
    folder   TEXT NOT NULL,
    position TEXT NOT NULL,
    stage    TEXT NOT NULL,
    code     TEXT NOT NULL,
    detail   TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    sha256   TEXT NOT NULL,
    at       TEXT NOT NULL,
    PRIMARY KEY (case_id, id, stage)
);

-- One row a message or file; its attachments live in its facts.
CREATE TABLE documents (
    case_id    TEXT NOT NULL,
    id         TEXT NOT NULL,
    generation BIGINT NOT NULL,
    facts      BYTEA,
    blob       TEXT NOT NULL,
    thread     TEXT NOT NULL,
    day        BIGINT NOT NULL,
    personal   TEXT NOT NULL,
    clients    TEXT NOT NULL,
    domains    TEXT NOT NULL,
    tags       TEXT NOT NULL,
    members    TEXT NOT NULL,
    revision   BIGINT NOT NULL,
    dirty      BIGINT NOT NULL,
    PRIMARY KEY (case_id, id)
);
CREATE INDEX documents_thread ON documents (case_id, thread);
CREATE INDEX documents_dirty ON documents (case_id) WHERE dirty = 1;

CREATE TABLE thread_keys (
    case_id TEXT NOT NULL,
    tkey    TEXT NOT NULL,
    thread  TEXT NOT NULL,
    PRIMARY KEY (case_id, tkey)
);
CREATE INDEX thread_keys_thread ON thread_keys (case_id, thread);

CREATE TABLE subjects (
    case_id  TEXT NOT NULL,
    subject  TEXT NOT NULL,
    document TEXT NOT NULL,
    day      BIGINT NOT NULL,
    orphan   BIGINT NOT NULL,
    people   TEXT NOT NULL,
    PRIMARY KEY (case_id, subject, document)
);

CREATE TABLE envelopes (
    id       TEXT PRIMARY KEY,
    case_id  TEXT NOT NULL,
    root     TEXT NOT NULL,
    blob     TEXT NOT NULL,
    thread   TEXT NOT NULL,
    revision BIGINT NOT NULL,
    sealed   BYTEA NOT NULL
);
CREATE INDEX envelopes_root ON envelopes (case_id, root);
CREATE INDEX envelopes_thread ON envelopes (thread);

CREATE TABLE extractions (
    digest  TEXT NOT NULL,
    version TEXT NOT NULL,
    body    TEXT NOT NULL,
    PRIMARY KEY (digest, version)
);

CREATE TABLE blobs (
    digest TEXT PRIMARY KEY,
    pack   TEXT NOT NULL,
    start  BIGINT NOT NULL,
    length BIGINT NOT NULL,
    size   BIGINT NOT NULL,
    codec  BIGINT NOT NULL
);
CREATE INDEX blobs_pack ON blobs (pack, start);

CREATE TABLE tokens (
    hash    TEXT PRIMARY KEY,
    body    TEXT NOT NULL
);
