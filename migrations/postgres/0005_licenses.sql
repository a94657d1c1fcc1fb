-- The indexes that lists of licenses are read from. Every list of licenses is read state by state, so one index serves
-- those of one state and those of any; the time of expiry comes before the identifier, which is the order of creation.

DROP INDEX licenses_by_product;
DROP INDEX licenses_by_policy;
DROP INDEX licenses_by_customer;
DROP INDEX licenses_by_expiry;
DROP INDEX licenses_by_product_expiry;

CREATE INDEX licenses_by_state_expiry ON licenses (tenant_id, state, expires_at, id);
CREATE INDEX licenses_by_product ON licenses (tenant_id, product_id, state, id);
CREATE INDEX licenses_by_product_expiry ON licenses (tenant_id, product_id, state, expires_at, id);
CREATE INDEX licenses_by_policy ON licenses (tenant_id, policy_id, state, id);
CREATE INDEX licenses_by_policy_expiry ON licenses (tenant_id, policy_id, state, expires_at, id);
CREATE INDEX licenses_by_customer ON licenses (tenant_id, customer_id, state, id) WHERE customer_id IS NOT NULL;
CREATE INDEX licenses_by_customer_expiry ON licenses (tenant_id, customer_id, state, expires_at, id)
    WHERE customer_id IS NOT NULL;
