-- How often a tenant's API may be used, where operators decided otherwise than usual: a number, a slash and seconds.

ALTER TABLE tenants ADD COLUMN rate_address TEXT CHECK (rate_address GLOB '[1-9]*/[1-9]*');
ALTER TABLE tenants ADD COLUMN rate_license_key TEXT CHECK (rate_license_key GLOB '[1-9]*/[1-9]*');
ALTER TABLE tenants ADD COLUMN rate_api_key TEXT CHECK (rate_api_key GLOB '[1-9]*/[1-9]*');
ALTER TABLE tenants ADD COLUMN rate_tenant TEXT CHECK (rate_tenant GLOB '[1-9]*/[1-9]*');
ALTER TABLE tenants ADD COLUMN rate_wrong_keys_address TEXT CHECK (rate_wrong_keys_address GLOB '[1-9]*/[1-9]*');
ALTER TABLE tenants ADD COLUMN rate_wrong_keys_tenant TEXT CHECK (rate_wrong_keys_tenant GLOB '[1-9]*/[1-9]*');

-- Grows when processes have to forget what they keep of rows that were changed behind their backs.
ALTER TABLE installation ADD COLUMN cache_epoch INTEGER NOT NULL DEFAULT 0;
