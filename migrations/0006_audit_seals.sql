-- A chain of hashes over the trail: what is changed, removed or put in another order later no longer fits.

-- migrate:up
-- The order of the chain. Numbers may be missing: those of transactions that were rolled back.
ALTER TABLE audit_log ADD COLUMN seq bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT audit_log_seq_key UNIQUE;

CREATE TABLE audit_seals (
    number bigint PRIMARY KEY CHECK (number > 0),
    -- No foreign key: a seal tells of a row that was removed.
    seq bigint NOT NULL CONSTRAINT audit_seals_seq_key UNIQUE,
    -- SHA-256 over the row and the seal before this one.
    seal bytea NOT NULL CHECK (length(seal) = 32),
    -- Up to this seq every row that will ever be there had been sealed when this seal was made.
    settled bigint NOT NULL
);

-- Seals are added, never changed.
GRANT SELECT, INSERT ON audit_seals TO rpcd_maintenance;

-- migrate:down
DROP TABLE audit_seals;
ALTER TABLE audit_log DROP COLUMN seq;
