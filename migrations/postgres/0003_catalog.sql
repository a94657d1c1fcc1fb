-- What managing policies, customers and settings needs.

-- An owner for whom row-level security is forced would see no rows to bring up to date.
ALTER TABLE signing_keys NO FORCE ROW LEVEL SECURITY;
ALTER TABLE policies NO FORCE ROW LEVEL SECURITY;

-- When the last lease that the key signed is over, its grace included: kept here, since policies that gave longer leases
-- may change, and machines know only their last lease. Of keys that have signed, the latest that it can be.
ALTER TABLE signing_keys ADD COLUMN leases_until timestamptz;
UPDATE signing_keys k SET leases_until = COALESCE(k.retired_at, now())
    + (SELECT max(p.lease_seconds + p.grace_seconds) FROM policies p WHERE p.tenant_id = k.tenant_id) * interval '1 second'
    WHERE k.state IN ('active', 'retired');
DROP INDEX machines_of_signing_key;

ALTER TABLE signing_keys FORCE ROW LEVEL SECURITY;
ALTER TABLE policies FORCE ROW LEVEL SECURITY;

-- Whether each check is written to the audit log.
ALTER TABLE tenants ADD COLUMN checks_are_events boolean NOT NULL DEFAULT false;

-- Nobody remembers how an address was capitalised.
DROP INDEX customers_by_email;
CREATE INDEX customers_by_email ON customers (tenant_id, lower(email), id) WHERE email IS NOT NULL;
