-- What operators decide about tenants: limits, domains, exports and deletion; and the people of a tenant.

ALTER TABLE tenants ADD COLUMN suspended_at timestamptz;
ALTER TABLE tenants ADD COLUMN exported_at timestamptz;
-- From when on everything of the tenant may be deleted, and since when that is being done.
ALTER TABLE tenants ADD COLUMN delete_after timestamptz;
ALTER TABLE tenants ADD COLUMN purged_since timestamptz;
-- How many there may be; absent: any number.
ALTER TABLE tenants ADD COLUMN max_licenses bigint CHECK (max_licenses >= 0);
ALTER TABLE tenants ADD COLUMN max_products bigint CHECK (max_products >= 0);
ALTER TABLE tenants ADD COLUMN max_customers bigint CHECK (max_customers >= 0);
ALTER TABLE tenants ADD COLUMN max_api_keys bigint CHECK (max_api_keys >= 0);

CREATE TABLE members (
    tenant_id  uuid        NOT NULL REFERENCES tenants (id),
    id         uuid        NOT NULL,
    email      text        NOT NULL,
    name       text        NOT NULL,
    role       text        NOT NULL CHECK (role IN ('owner', 'admin', 'support', 'viewer')),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, email)
);
ALTER TABLE members ENABLE ROW LEVEL SECURITY;
ALTER TABLE members FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON members
    USING (tenant_id = (SELECT NULLIF(current_setting('app.tenant_id', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT NULLIF(current_setting('app.tenant_id', true), '')::uuid));

-- Hosts at whose root a tenant is served. Looked up before the tenant is known, so that they belong to the platform:
-- their column is not called tenant_id.
CREATE TABLE domains (
    name       text        PRIMARY KEY,
    owner      uuid        NOT NULL REFERENCES tenants (id),
    created_at timestamptz NOT NULL
);
CREATE INDEX domains_of_owner ON domains (owner, name);
ALTER TABLE domains ENABLE ROW LEVEL SECURITY;
ALTER TABLE domains FORCE ROW LEVEL SECURITY;
CREATE POLICY platform ON domains
    USING ((SELECT current_setting('app.platform', true) = 'on'))
    WITH CHECK ((SELECT current_setting('app.platform', true) = 'on'));
