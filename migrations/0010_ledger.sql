-- Credits: an account for each workspace, and every change of it. What is here outlives the workspace.

-- migrate:up
CREATE TABLE accounts (
    workspace_id uuid PRIMARY KEY,
    balance bigint NOT NULL DEFAULT 0 CONSTRAINT accounts_balance_check CHECK (balance >= 0),
    held bigint NOT NULL DEFAULT 0 CONSTRAINT accounts_held_check CHECK (held >= 0 AND held <= balance),
    -- Of the balance, what will expire, and when the first of it does.
    expiring bigint NOT NULL DEFAULT 0 CONSTRAINT accounts_expiring_check CHECK (expiring >= 0 AND expiring <= balance),
    next_expiry timestamptz,
    -- Of the last row of the ledger.
    seq bigint NOT NULL DEFAULT 0 CHECK (seq >= 0),
    plan text NOT NULL DEFAULT 'standard' CHECK (length(plan) <= 40),
    recharge_enabled boolean NOT NULL DEFAULT false,
    recharge_threshold bigint NOT NULL DEFAULT 0 CHECK (recharge_threshold >= 0),
    recharge_amount bigint NOT NULL DEFAULT 0 CHECK (recharge_amount >= 0),
    -- After one that failed.
    recharge_rests_until timestamptz
);
CREATE INDEX accounts_recharge_idx ON accounts (workspace_id) WHERE recharge_enabled;
INSERT INTO accounts (workspace_id) SELECT id FROM workspaces;

-- Only added to. Each row tells what the account was after it, so each can be checked by the one before.
CREATE TABLE ledger (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL REFERENCES accounts,
    seq bigint NOT NULL CHECK (seq > 0),
    type text NOT NULL CHECK (type IN ('purchase', 'bonus', 'debit', 'refund', 'hold', 'capture', 'release', 'expiry')),
    amount bigint NOT NULL CHECK (amount > 0),
    balance_after bigint NOT NULL CHECK (balance_after >= 0),
    held_after bigint NOT NULL CHECK (held_after >= 0 AND held_after <= balance_after),
    -- Of a refund the debit or capture, of captures and releases the hold, of an expiry the grant.
    related_id uuid,
    description text CHECK (length(description) <= 500),
    reference_id text CHECK (length(reference_id) <= 200),
    -- Of credits that come, when what is left of them is gone.
    expires_at timestamptz CHECK (expires_at IS NULL OR type IN ('purchase', 'bonus')),
    actor text NOT NULL CHECK (length(actor) <= 200),
    request_id text NOT NULL CHECK (length(request_id) <= 128),
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT ledger_seq_key UNIQUE (workspace_id, seq)
);
CREATE UNIQUE INDEX ledger_reference_key ON ledger (workspace_id, type, reference_id) WHERE reference_id IS NOT NULL;
CREATE INDEX ledger_related_id_idx ON ledger (related_id) WHERE related_id IS NOT NULL;
-- The type first: with the workspace first, a planner without statistics takes it for finding a row by its seq, and reads all of them.
CREATE INDEX ledger_type_idx ON ledger (type, workspace_id, seq);

-- What a row does to balance and held.
CREATE FUNCTION ledger_balance_change(type text, amount bigint) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN type IN ('purchase', 'bonus', 'refund') THEN amount WHEN type IN ('debit', 'capture', 'expiry') THEN -amount ELSE 0 END;
CREATE FUNCTION ledger_held_change(type text, amount bigint) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN type = 'hold' THEN amount WHEN type IN ('capture', 'release') THEN -amount ELSE 0 END;

-- Each row follows from the one before it, and refunds stay within what was taken.
CREATE FUNCTION ledger_check() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    balance bigint := 0;
    held bigint := 0;
    taken bigint;
BEGIN
    IF NEW.seq > 1 THEN
        SELECT l.balance_after, l.held_after INTO STRICT balance, held FROM ledger l
        WHERE l.workspace_id = NEW.workspace_id AND l.seq = NEW.seq - 1;
    END IF;
    IF NEW.balance_after <> balance + ledger_balance_change(NEW.type, NEW.amount)
        OR NEW.held_after <> held + ledger_held_change(NEW.type, NEW.amount) THEN
        RAISE EXCEPTION 'the ledger does not add up' USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_sum_check';
    END IF;
    IF NEW.type = 'refund' THEN
        SELECT l.amount INTO STRICT taken FROM ledger l
        WHERE l.id = NEW.related_id AND l.workspace_id = NEW.workspace_id AND l.type IN ('debit', 'capture');
        IF taken < (SELECT sum(l.amount) FROM ledger l WHERE l.related_id = NEW.related_id AND l.type = 'refund') THEN
            RAISE EXCEPTION 'more is refunded than was taken' USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_refund_check';
        END IF;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER ledger_check AFTER INSERT ON ledger FOR EACH ROW EXECUTE FUNCTION ledger_check();

-- At COMMIT the account is what the last row of its ledger says.
CREATE FUNCTION accounts_check() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    account record;
    entry record;
BEGIN
    -- As it is at COMMIT, not as it was at this change.
    SELECT a.balance, a.held, a.seq INTO STRICT account FROM accounts a WHERE a.workspace_id = NEW.workspace_id;
    SELECT l.balance_after, l.held_after INTO entry FROM ledger l
    WHERE l.workspace_id = NEW.workspace_id AND l.seq = account.seq;
    IF (account.balance, account.held) IS DISTINCT FROM (coalesce(entry.balance_after, 0), coalesce(entry.held_after, 0)) THEN
        RAISE EXCEPTION 'the account is not what its ledger says' USING ERRCODE = 'check_violation', CONSTRAINT = 'accounts_ledger_check';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER accounts_check AFTER INSERT OR UPDATE OF balance, held, seq ON accounts
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION accounts_check();

-- At COMMIT every row of the ledger is in its account.
CREATE FUNCTION ledger_account_check() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM accounts a WHERE a.workspace_id = NEW.workspace_id AND a.seq >= NEW.seq) THEN
        RAISE EXCEPTION 'the account does not know of its ledger' USING ERRCODE = 'check_violation', CONSTRAINT = 'accounts_ledger_check';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER ledger_account_check AFTER INSERT ON ledger
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_account_check();

-- Credits that expire: what is left of each grant.
CREATE TABLE credit_grants (
    transaction_id uuid PRIMARY KEY REFERENCES ledger,
    workspace_id uuid NOT NULL REFERENCES accounts,
    remaining bigint NOT NULL CHECK (remaining >= 0),
    expires_at timestamptz NOT NULL
);
CREATE INDEX credit_grants_workspace_id_idx ON credit_grants (workspace_id, expires_at, transaction_id);
CREATE INDEX credit_grants_expires_at_idx ON credit_grants (expires_at) WHERE remaining > 0;

-- Credits set aside for something that may or may not be spent.
CREATE TABLE credit_holds (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL REFERENCES accounts,
    amount bigint NOT NULL CHECK (amount > 0),
    captured bigint NOT NULL DEFAULT 0 CONSTRAINT credit_holds_captured_check CHECK (captured >= 0 AND captured <= amount),
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'captured', 'released', 'expired')),
    reference_id text CHECK (length(reference_id) <= 200),
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX credit_holds_workspace_id_idx ON credit_holds (workspace_id, created_at, id);
CREATE INDEX credit_holds_active_idx ON credit_holds (workspace_id, expires_at) WHERE status = 'active';
CREATE INDEX credit_holds_expires_at_idx ON credit_holds (expires_at) WHERE status = 'active';
CREATE UNIQUE INDEX credit_holds_reference_key ON credit_holds (workspace_id, reference_id) WHERE reference_id IS NOT NULL;

ALTER TABLE accounts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON accounts USING (workspace_id = rpcd_workspace());
CREATE POLICY every ON accounts TO rpcd_maintenance USING (true);
ALTER TABLE ledger ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON ledger USING (workspace_id = rpcd_workspace());
CREATE POLICY every ON ledger TO rpcd_maintenance USING (true);
ALTER TABLE credit_grants ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON credit_grants USING (workspace_id = rpcd_workspace());
CREATE POLICY every ON credit_grants TO rpcd_maintenance USING (true);
ALTER TABLE credit_holds ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON credit_holds USING (workspace_id = rpcd_workspace());
CREATE POLICY every ON credit_holds TO rpcd_maintenance USING (true);

GRANT SELECT, INSERT, UPDATE ON accounts, credit_grants, credit_holds TO rpcd_daemon, rpcd_maintenance;
GRANT SELECT, INSERT ON ledger TO rpcd_daemon, rpcd_maintenance;

-- migrate:down
DROP TABLE credit_holds;
DROP TABLE credit_grants;
DROP TRIGGER accounts_check ON accounts;
DROP FUNCTION accounts_check();
DROP TABLE ledger;
DROP FUNCTION ledger_account_check();
DROP FUNCTION ledger_check();
DROP FUNCTION ledger_held_change(text, bigint);
DROP FUNCTION ledger_balance_change(text, bigint);
DROP TABLE accounts;
