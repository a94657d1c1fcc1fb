-- What was used on each day: counts that are added up in batches, and figures that are noted.

-- No key refers to tenants: the check would lock the tenant's row in every batch.
CREATE TABLE usage_days (
    tenant_id uuid   NOT NULL,
    -- days since 1970-01-01, in UTC
    day       bigint NOT NULL,
    kind      text   NOT NULL,
    count     bigint NOT NULL CHECK (count >= 0),
    PRIMARY KEY (tenant_id, day, kind)
);

ALTER TABLE usage_days ENABLE ROW LEVEL SECURITY;
ALTER TABLE usage_days FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON usage_days
    USING (tenant_id = (SELECT NULLIF(current_setting('app.tenant_id', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT NULLIF(current_setting('app.tenant_id', true), '')::uuid));
