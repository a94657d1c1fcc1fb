-- What vendors manage by API: API keys, metadata, revisions, and the indexes that lists are read from.

-- An owner for whom row-level security is forced would see no rows to bring up to date.
ALTER TABLE products NO FORCE ROW LEVEL SECURITY;
ALTER TABLE policies NO FORCE ROW LEVEL SECURITY;
ALTER TABLE customers NO FORCE ROW LEVEL SECURITY;
ALTER TABLE licenses NO FORCE ROW LEVEL SECURITY;

-- Grows with every change by the vendor; the entity tag of what is shown.
ALTER TABLE tenants ADD COLUMN revision bigint NOT NULL DEFAULT 1;
ALTER TABLE products ADD COLUMN revision bigint NOT NULL DEFAULT 1;
ALTER TABLE policies ADD COLUMN revision bigint NOT NULL DEFAULT 1;
ALTER TABLE customers ADD COLUMN revision bigint NOT NULL DEFAULT 1;
ALTER TABLE licenses ADD COLUMN revision bigint NOT NULL DEFAULT 1;
ALTER TABLE machines ADD COLUMN revision bigint NOT NULL DEFAULT 1;

ALTER TABLE products ADD COLUMN updated_at timestamptz;
ALTER TABLE policies ADD COLUMN updated_at timestamptz;
ALTER TABLE customers ADD COLUMN updated_at timestamptz;
UPDATE products SET updated_at = created_at;
UPDATE policies SET updated_at = created_at;
UPDATE customers SET updated_at = created_at;
ALTER TABLE products ALTER COLUMN updated_at SET NOT NULL;
ALTER TABLE policies ALTER COLUMN updated_at SET NOT NULL;
ALTER TABLE customers ALTER COLUMN updated_at SET NOT NULL;

-- A JSON object of texts, as text and not as jsonb, which would not keep it as it was written.
ALTER TABLE products ADD COLUMN metadata text NOT NULL DEFAULT '{}';
ALTER TABLE policies ADD COLUMN metadata text NOT NULL DEFAULT '{}';
ALTER TABLE customers ADD COLUMN metadata text NOT NULL DEFAULT '{}';
ALTER TABLE licenses ADD COLUMN metadata text NOT NULL DEFAULT '{}';

-- The metadata of licenses once more, for finding licenses by it.
CREATE TABLE license_metadata (
    tenant_id  uuid NOT NULL,
    license_id uuid NOT NULL,
    name       text NOT NULL,
    value      text NOT NULL,
    PRIMARY KEY (tenant_id, license_id, name),
    FOREIGN KEY (tenant_id, license_id) REFERENCES licenses (tenant_id, id)
);
CREATE INDEX license_metadata_by_name ON license_metadata (tenant_id, name, license_id);
CREATE INDEX license_metadata_by_value ON license_metadata (tenant_id, name, value, license_id);

-- Counts of checks, one row for every license: apart from the licenses, so that counting neither waits for changes of
-- a license nor writes the indexes of its lists. The epoch means that it was never checked.
CREATE TABLE license_checks (
    tenant_id         uuid        NOT NULL,
    license_id        uuid        NOT NULL,
    product_id        uuid        NOT NULL,
    checks            bigint      NOT NULL,
    first_checked_at  timestamptz,
    last_checked_at   timestamptz NOT NULL,
    last_checked_from text,
    PRIMARY KEY (tenant_id, license_id),
    FOREIGN KEY (tenant_id, license_id) REFERENCES licenses (tenant_id, id)
);
INSERT INTO license_checks (tenant_id, license_id, product_id, checks, first_checked_at, last_checked_at, last_checked_from)
    SELECT tenant_id, id, product_id, checks, first_checked_at, COALESCE(last_checked_at, 'epoch'), last_checked_from
    FROM licenses;
ALTER TABLE licenses DROP COLUMN checks;
ALTER TABLE licenses DROP COLUMN first_checked_at;
ALTER TABLE licenses DROP COLUMN last_checked_at;
ALTER TABLE licenses DROP COLUMN last_checked_from;
CREATE INDEX license_checks_by_last ON license_checks (tenant_id, last_checked_at, license_id);
CREATE INDEX license_checks_by_product ON license_checks (tenant_id, product_id, last_checked_at, license_id);

CREATE INDEX licenses_by_product ON licenses (tenant_id, product_id, id);
CREATE INDEX licenses_by_policy ON licenses (tenant_id, policy_id, id);
CREATE INDEX licenses_by_customer ON licenses (tenant_id, customer_id, id) WHERE customer_id IS NOT NULL;
CREATE INDEX licenses_by_state ON licenses (tenant_id, state, id);
CREATE INDEX licenses_by_expiry ON licenses (tenant_id, expires_at, id);
CREATE INDEX licenses_by_product_expiry ON licenses (tenant_id, product_id, expires_at, id);
CREATE INDEX policies_by_product ON policies (tenant_id, product_id, id);
CREATE INDEX customers_by_email ON customers (tenant_id, email, id) WHERE email IS NOT NULL;
CREATE INDEX machines_by_license ON machines (tenant_id, license_id, id);
CREATE INDEX machines_by_state ON machines (tenant_id, state, id);

-- Credentials of the vendor's programs. Of a secret only its SHA-256 is kept: it is random enough that no one guesses it.
CREATE TABLE api_keys (
    tenant_id    uuid        NOT NULL REFERENCES tenants (id),
    id           uuid        NOT NULL,
    public_id    text        NOT NULL,
    name         text        NOT NULL,
    secret_hash  bytea       NOT NULL,
    scopes       text        NOT NULL,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz,
    revoked_at   timestamptz,
    last_used_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, public_id)
);

-- Which API key or person it was, where `actor` names only the kind.
ALTER TABLE events ADD COLUMN actor_id uuid;
CREATE INDEX events_by_action ON events (tenant_id, action, id);
CREATE INDEX events_by_subject ON events (tenant_id, subject_kind, subject_id, id);
CREATE INDEX events_by_actor ON events (tenant_id, actor, id);
CREATE INDEX events_by_actor_id ON events (tenant_id, actor_id, id) WHERE actor_id IS NOT NULL;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['products', 'policies', 'customers', 'licenses'] LOOP
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['license_metadata', 'license_checks', 'api_keys'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY tenant ON %I
                 USING (tenant_id = (SELECT NULLIF(current_setting(''app.tenant_id'', true), '''')::uuid))
                 WITH CHECK (tenant_id = (SELECT NULLIF(current_setting(''app.tenant_id'', true), '''')::uuid))',
            name
        );
    END LOOP;
END
$$;
