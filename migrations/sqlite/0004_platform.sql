-- What operators decide about tenants: limits, domains, exports and deletion; and the people of a tenant.

ALTER TABLE tenants ADD COLUMN suspended_at INTEGER;
ALTER TABLE tenants ADD COLUMN exported_at INTEGER;
-- From when on everything of the tenant may be deleted, and since when that is being done.
ALTER TABLE tenants ADD COLUMN delete_after INTEGER;
ALTER TABLE tenants ADD COLUMN purged_since INTEGER;
-- How many there may be; absent: any number.
ALTER TABLE tenants ADD COLUMN max_licenses INTEGER CHECK (max_licenses >= 0);
ALTER TABLE tenants ADD COLUMN max_products INTEGER CHECK (max_products >= 0);
ALTER TABLE tenants ADD COLUMN max_customers INTEGER CHECK (max_customers >= 0);
ALTER TABLE tenants ADD COLUMN max_api_keys INTEGER CHECK (max_api_keys >= 0);

CREATE TABLE members (
    tenant_id  BLOB    NOT NULL REFERENCES tenants (id),
    id         BLOB    NOT NULL,
    email      TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    role       TEXT    NOT NULL CHECK (role IN ('owner', 'admin', 'support', 'viewer')),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, email)
) STRICT;

-- Hosts at whose root a tenant is served. Looked up before the tenant is known, so that they belong to the platform:
-- their column is not called tenant_id.
CREATE TABLE domains (
    name       TEXT    NOT NULL PRIMARY KEY,
    owner      BLOB    NOT NULL REFERENCES tenants (id),
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX domains_of_owner ON domains (owner, name);
