-- The tables of licensing. Every table of a tenant leads its keys with tenant_id and is behind row-level
-- security: a statement sees the rows of the tenant that its transaction names, and no others.

CREATE TABLE installation (
    id               bigint      PRIMARY KEY CHECK (id = 1),
    master_key_check bytea       NOT NULL,
    created_at       timestamptz NOT NULL
);

CREATE TABLE tenants (
    id                    uuid        PRIMARY KEY,
    slug                  text        NOT NULL UNIQUE,
    name                  text        NOT NULL,
    issuer                text        NOT NULL UNIQUE,
    state                 text        NOT NULL CHECK (state IN ('active', 'suspended')),
    refuses_mistyped_keys boolean     NOT NULL,
    created_at            timestamptz NOT NULL
);

-- The next small number of each kind, for old clients that name things by number.
CREATE TABLE numbers (
    tenant_id uuid   NOT NULL REFERENCES tenants (id),
    kind      text   NOT NULL,
    next      bigint NOT NULL,
    PRIMARY KEY (tenant_id, kind)
);

CREATE TABLE signing_keys (
    tenant_id      uuid        NOT NULL REFERENCES tenants (id),
    id             text        NOT NULL,
    state          text        NOT NULL CHECK (state IN ('next', 'active', 'retired', 'revoked')),
    public_key     bytea       NOT NULL,
    sealed_private bytea       NOT NULL,
    created_at     timestamptz NOT NULL,
    activated_at   timestamptz,
    retired_at     timestamptz,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX signing_keys_one_active ON signing_keys (tenant_id) WHERE state = 'active';
CREATE UNIQUE INDEX signing_keys_one_next ON signing_keys (tenant_id) WHERE state = 'next';

CREATE TABLE products (
    tenant_id       uuid        NOT NULL REFERENCES tenants (id),
    id              uuid        NOT NULL,
    code            text        NOT NULL,
    number          bigint      NOT NULL,
    name            text        NOT NULL,
    support_message text,
    product_key     text        NOT NULL,
    key_format      text        NOT NULL,
    created_at      timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, code),
    UNIQUE (tenant_id, number),
    UNIQUE (tenant_id, product_key)
);

CREATE TABLE policies (
    tenant_id             uuid        NOT NULL REFERENCES tenants (id),
    id                    uuid        NOT NULL,
    product_id            uuid        NOT NULL,
    code                  text        NOT NULL,
    name                  text        NOT NULL,
    term                  text,
    term_starts           text        NOT NULL,
    seats                 bigint CHECK (seats >= 0),
    seat_kind             text        NOT NULL,
    overage_percent       bigint      NOT NULL CHECK (overage_percent >= 0),
    activation_limit      bigint CHECK (activation_limit >= 0),
    deactivation_limit    bigint CHECK (deactivation_limit >= 0),
    requires_customer     boolean     NOT NULL,
    lease_seconds         bigint      NOT NULL,
    refresh_seconds       bigint      NOT NULL,
    grace_seconds         bigint      NOT NULL,
    offline_lease_seconds bigint      NOT NULL,
    entitlements          jsonb       NOT NULL,
    trial                 boolean     NOT NULL,
    created_at            timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, code),
    UNIQUE (tenant_id, product_id, id),
    FOREIGN KEY (tenant_id, product_id) REFERENCES products (tenant_id, id)
);

CREATE TABLE customers (
    tenant_id  uuid        NOT NULL REFERENCES tenants (id),
    id         uuid        NOT NULL,
    number     bigint      NOT NULL,
    name       text        NOT NULL,
    email      text,
    client_key text        NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, number),
    UNIQUE (tenant_id, client_key)
);

-- From here on no key refers to tenants directly: the check would lock the tenant's row in every activation.
CREATE TABLE licenses (
    tenant_id          uuid        NOT NULL,
    id                 uuid        NOT NULL,
    number             bigint      NOT NULL,
    product_id         uuid        NOT NULL,
    policy_id          uuid        NOT NULL,
    customer_id        uuid,
    key_hash           bytea       NOT NULL,
    key_sealed         bytea       NOT NULL,
    key_hint           text        NOT NULL,
    memo               text,
    -- absent: as the policy says; -1: unlimited
    seats              bigint CHECK (seats >= -1),
    activation_limit   bigint CHECK (activation_limit >= -1),
    entitlements       jsonb       NOT NULL,
    state              text        NOT NULL CHECK (state IN ('active', 'suspended', 'revoked')),
    term_started_at    timestamptz,
    expires_at         timestamptz,
    activations_used   bigint      NOT NULL CHECK (activations_used >= 0),
    deactivations_used bigint      NOT NULL CHECK (deactivations_used >= 0),
    version            bigint      NOT NULL,
    created_at         timestamptz NOT NULL,
    updated_at         timestamptz NOT NULL,
    checks             bigint      NOT NULL,
    first_checked_at   timestamptz,
    last_checked_at    timestamptz,
    last_checked_from  text,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, number),
    UNIQUE (tenant_id, key_hash),
    FOREIGN KEY (tenant_id, product_id, policy_id) REFERENCES policies (tenant_id, product_id, id),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id)
);

CREATE TABLE machines (
    tenant_id         uuid        NOT NULL,
    id                uuid        NOT NULL,
    license_id        uuid        NOT NULL,
    fingerprint       text        NOT NULL,
    name              text,
    state             text        NOT NULL CHECK (state IN ('active', 'deactivated')),
    activated_at      timestamptz NOT NULL,
    deactivated_at    timestamptz,
    lease_id          uuid,
    lease_key_id      text,
    lease_expires_at  timestamptz,
    lease_grace_until timestamptz,
    checks            bigint      NOT NULL,
    first_checked_at  timestamptz,
    last_checked_at   timestamptz,
    last_checked_from text,
    -- when an app first reported its start, and last its end
    first_start_at    timestamptz,
    last_end_at       timestamptz,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, license_id, fingerprint),
    FOREIGN KEY (tenant_id, license_id) REFERENCES licenses (tenant_id, id)
);
CREATE INDEX machines_active ON machines (tenant_id, license_id, lease_grace_until) WHERE state = 'active';
CREATE INDEX machines_of_signing_key ON machines (tenant_id, lease_key_id, lease_grace_until);

CREATE TABLE events (
    tenant_id    uuid        NOT NULL,
    id           uuid        NOT NULL,
    at           timestamptz NOT NULL,
    actor        text        NOT NULL,
    action       text        NOT NULL,
    subject_kind text,
    subject_id   text,
    license_id   uuid,
    refused_for  text,
    address      text,
    request_id   text,
    details      jsonb       NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX events_of_license ON events (tenant_id, license_id, id) WHERE license_id IS NOT NULL;

-- Events that others still have to be told of.
CREATE TABLE outbox (
    tenant_id    uuid        NOT NULL,
    event_id     uuid        NOT NULL,
    available_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, event_id),
    FOREIGN KEY (tenant_id, event_id) REFERENCES events (tenant_id, id)
);

CREATE TABLE idempotency_keys (
    tenant_id   uuid        NOT NULL,
    key         text        NOT NULL,
    request     bytea       NOT NULL,
    status      bigint,
    sealed_body bytea,
    expires_at  timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, key)
);
CREATE INDEX idempotency_keys_expiry ON idempotency_keys (tenant_id, expires_at);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'numbers', 'signing_keys', 'products', 'policies', 'customers', 'licenses', 'machines', 'events', 'outbox',
        'idempotency_keys'
    ] LOOP
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

-- A tenant sees itself; only platform-wide work, which says so, sees all.
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenants FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON tenants
    USING (
        id = (SELECT NULLIF(current_setting('app.tenant_id', true), '')::uuid)
        OR (SELECT current_setting('app.platform', true) = 'on')
    )
    WITH CHECK (
        id = (SELECT NULLIF(current_setting('app.tenant_id', true), '')::uuid)
        OR (SELECT current_setting('app.platform', true) = 'on')
    );
