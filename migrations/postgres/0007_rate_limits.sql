-- How often a tenant's API may be used, where operators decided otherwise than usual: a number, a slash and seconds.

ALTER TABLE tenants ADD COLUMN rate_address text CHECK (rate_address ~ '^[1-9][0-9]*/[1-9][0-9]*$');
ALTER TABLE tenants ADD COLUMN rate_license_key text CHECK (rate_license_key ~ '^[1-9][0-9]*/[1-9][0-9]*$');
ALTER TABLE tenants ADD COLUMN rate_api_key text CHECK (rate_api_key ~ '^[1-9][0-9]*/[1-9][0-9]*$');
ALTER TABLE tenants ADD COLUMN rate_tenant text CHECK (rate_tenant ~ '^[1-9][0-9]*/[1-9][0-9]*$');
ALTER TABLE tenants ADD COLUMN rate_wrong_keys_address text CHECK (rate_wrong_keys_address ~ '^[1-9][0-9]*/[1-9][0-9]*$');
ALTER TABLE tenants ADD COLUMN rate_wrong_keys_tenant text CHECK (rate_wrong_keys_tenant ~ '^[1-9][0-9]*/[1-9][0-9]*$');

-- Grows when processes have to forget what they keep of rows that were changed behind their backs.
ALTER TABLE installation ADD COLUMN cache_epoch bigint NOT NULL DEFAULT 0;
