-- The numbers of the master keys that may be in use. The keys themselves are never here.

-- migrate:up
-- What is sealed names its key: as long as anything does, a key cannot be taken away.
CREATE TABLE master_keys (
    number bigint PRIMARY KEY CHECK (number > 0),
    added_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO master_keys (number) SELECT key_version FROM credentials UNION SELECT key_version FROM mails;
ALTER TABLE credentials ADD CONSTRAINT credentials_key_version_fkey FOREIGN KEY (key_version) REFERENCES master_keys;
ALTER TABLE mails ADD CONSTRAINT mails_key_version_fkey FOREIGN KEY (key_version) REFERENCES master_keys;

GRANT SELECT, INSERT ON master_keys TO rpcd_daemon;
GRANT SELECT, INSERT, DELETE ON master_keys TO rpcd_maintenance;

-- migrate:down
ALTER TABLE mails DROP CONSTRAINT mails_key_version_fkey;
ALTER TABLE credentials DROP CONSTRAINT credentials_key_version_fkey;
DROP TABLE master_keys;
