-- What tells two master keys of the same number apart, and versions of memberships.

-- migrate:up
-- A keyed hash: it tells nothing of the key. Null until a daemon has registered the key again.
ALTER TABLE master_keys ADD COLUMN fingerprint bytea
    CONSTRAINT master_keys_fingerprint_length_check CHECK (length(fingerprint) = 32);

-- Takes a key into use, unless a newer one is there. Another key of the same number is refused: what it seals nobody else could open.
CREATE FUNCTION rpcd_register_key(key_number bigint, key_fingerprint bytea) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    known bytea;
BEGIN
    INSERT INTO master_keys (number, fingerprint)
    SELECT key_number, key_fingerprint WHERE NOT EXISTS (SELECT FROM master_keys WHERE number >= key_number)
    ON CONFLICT DO NOTHING;
    SELECT k.fingerprint INTO known FROM master_keys k WHERE k.number = key_number;
    IF FOUND AND known IS NULL THEN
        UPDATE master_keys k SET fingerprint = key_fingerprint WHERE k.number = key_number AND k.fingerprint IS NULL;
        SELECT k.fingerprint INTO known FROM master_keys k WHERE k.number = key_number;
    END IF;
    IF known <> key_fingerprint THEN
        RAISE EXCEPTION 'master key % is another one than the database knows', key_number
            USING ERRCODE = 'check_violation', CONSTRAINT = 'master_keys_fingerprint_check';
    END IF;
END
$$;
GRANT UPDATE (fingerprint) ON master_keys TO rpcd_daemon, rpcd_maintenance;

ALTER TABLE memberships ADD COLUMN version bigint NOT NULL DEFAULT 1;

-- migrate:down
ALTER TABLE memberships DROP COLUMN version;
REVOKE UPDATE (fingerprint) ON master_keys FROM rpcd_daemon, rpcd_maintenance;
DROP FUNCTION rpcd_register_key(bigint, bytea);
ALTER TABLE master_keys DROP COLUMN fingerprint;
