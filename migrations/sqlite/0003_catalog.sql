-- What managing policies, customers and settings needs.

-- When the last lease that the key signed is over, its grace included: kept here, since policies that gave longer leases
-- may change, and machines know only their last lease. Of keys that have signed, the latest that it can be.
ALTER TABLE signing_keys ADD COLUMN leases_until INTEGER;
UPDATE signing_keys SET leases_until = COALESCE(retired_at, unixepoch() * 1000000)
    + (SELECT max(p.lease_seconds + p.grace_seconds) FROM policies p WHERE p.tenant_id = signing_keys.tenant_id) * 1000000
    WHERE state IN ('active', 'retired');
DROP INDEX machines_of_signing_key;

-- Whether each check is written to the audit log.
ALTER TABLE tenants ADD COLUMN checks_are_events INTEGER NOT NULL DEFAULT 0;

-- Nobody remembers how an address was capitalised.
DROP INDEX customers_by_email;
CREATE INDEX customers_by_email ON customers (tenant_id, lower(email), id) WHERE email IS NOT NULL;
