-- The tables of licensing. Every table of a tenant leads its keys with tenant_id. UUIDs are 16 bytes, instants are
-- microseconds since 1970, truth values are 0 and 1.

CREATE TABLE installation (
    id               INTEGER     PRIMARY KEY CHECK (id = 1),
    master_key_check BLOB        NOT NULL,
    created_at       INTEGER     NOT NULL
) STRICT;

CREATE TABLE tenants (
    id                    BLOB        PRIMARY KEY,
    slug                  TEXT        NOT NULL UNIQUE,
    name                  TEXT        NOT NULL,
    issuer                TEXT        NOT NULL UNIQUE,
    state                 TEXT        NOT NULL CHECK (state IN ('active', 'suspended')),
    refuses_mistyped_keys INTEGER     NOT NULL,
    created_at            INTEGER     NOT NULL
) STRICT;

-- The next small number of each kind, for old clients that name things by number.
CREATE TABLE numbers (
    tenant_id BLOB   NOT NULL REFERENCES tenants (id),
    kind      TEXT   NOT NULL,
    next      INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, kind)
) STRICT;

CREATE TABLE signing_keys (
    tenant_id      BLOB        NOT NULL REFERENCES tenants (id),
    id             TEXT        NOT NULL,
    state          TEXT        NOT NULL CHECK (state IN ('next', 'active', 'retired', 'revoked')),
    public_key     BLOB        NOT NULL,
    sealed_private BLOB        NOT NULL,
    created_at     INTEGER     NOT NULL,
    activated_at   INTEGER,
    retired_at     INTEGER,
    PRIMARY KEY (tenant_id, id)
) STRICT;
CREATE UNIQUE INDEX signing_keys_one_active ON signing_keys (tenant_id) WHERE state = 'active';
CREATE UNIQUE INDEX signing_keys_one_next ON signing_keys (tenant_id) WHERE state = 'next';

CREATE TABLE products (
    tenant_id       BLOB        NOT NULL REFERENCES tenants (id),
    id              BLOB        NOT NULL,
    code            TEXT        NOT NULL,
    number          INTEGER     NOT NULL,
    name            TEXT        NOT NULL,
    support_message TEXT,
    product_key     TEXT        NOT NULL,
    key_format      TEXT        NOT NULL,
    created_at      INTEGER     NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, code),
    UNIQUE (tenant_id, number),
    UNIQUE (tenant_id, product_key)
) STRICT;

CREATE TABLE policies (
    tenant_id             BLOB        NOT NULL REFERENCES tenants (id),
    id                    BLOB        NOT NULL,
    product_id            BLOB        NOT NULL,
    code                  TEXT        NOT NULL,
    name                  TEXT        NOT NULL,
    term                  TEXT,
    term_starts           TEXT        NOT NULL,
    seats                 INTEGER CHECK (seats >= 0),
    seat_kind             TEXT        NOT NULL,
    overage_percent       INTEGER     NOT NULL CHECK (overage_percent >= 0),
    activation_limit      INTEGER CHECK (activation_limit >= 0),
    deactivation_limit    INTEGER CHECK (deactivation_limit >= 0),
    requires_customer     INTEGER     NOT NULL,
    lease_seconds         INTEGER     NOT NULL,
    refresh_seconds       INTEGER     NOT NULL,
    grace_seconds         INTEGER     NOT NULL,
    offline_lease_seconds INTEGER     NOT NULL,
    entitlements          TEXT        NOT NULL,
    trial                 INTEGER     NOT NULL,
    created_at            INTEGER     NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, code),
    UNIQUE (tenant_id, product_id, id),
    FOREIGN KEY (tenant_id, product_id) REFERENCES products (tenant_id, id)
) STRICT;

CREATE TABLE customers (
    tenant_id  BLOB        NOT NULL REFERENCES tenants (id),
    id         BLOB        NOT NULL,
    number     INTEGER     NOT NULL,
    name       TEXT        NOT NULL,
    email      TEXT,
    client_key TEXT        NOT NULL,
    created_at INTEGER     NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, number),
    UNIQUE (tenant_id, client_key)
) STRICT;

-- From here on no key refers to tenants directly: the check would lock the tenant's row in every activation.
CREATE TABLE licenses (
    tenant_id          BLOB        NOT NULL,
    id                 BLOB        NOT NULL,
    number             INTEGER     NOT NULL,
    product_id         BLOB        NOT NULL,
    policy_id          BLOB        NOT NULL,
    customer_id        BLOB,
    key_hash           BLOB        NOT NULL,
    key_sealed         BLOB        NOT NULL,
    key_hint           TEXT        NOT NULL,
    memo               TEXT,
    -- absent: as the policy says; -1: unlimited
    seats              INTEGER CHECK (seats >= -1),
    activation_limit   INTEGER CHECK (activation_limit >= -1),
    entitlements       TEXT        NOT NULL,
    state              TEXT        NOT NULL CHECK (state IN ('active', 'suspended', 'revoked')),
    term_started_at    INTEGER,
    expires_at         INTEGER,
    activations_used   INTEGER     NOT NULL CHECK (activations_used >= 0),
    deactivations_used INTEGER     NOT NULL CHECK (deactivations_used >= 0),
    version            INTEGER     NOT NULL,
    created_at         INTEGER     NOT NULL,
    updated_at         INTEGER     NOT NULL,
    checks             INTEGER     NOT NULL,
    first_checked_at   INTEGER,
    last_checked_at    INTEGER,
    last_checked_from  TEXT,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, number),
    UNIQUE (tenant_id, key_hash),
    FOREIGN KEY (tenant_id, product_id, policy_id) REFERENCES policies (tenant_id, product_id, id),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id)
) STRICT;

CREATE TABLE machines (
    tenant_id         BLOB        NOT NULL,
    id                BLOB        NOT NULL,
    license_id        BLOB        NOT NULL,
    fingerprint       TEXT        NOT NULL,
    name              TEXT,
    state             TEXT        NOT NULL CHECK (state IN ('active', 'deactivated')),
    activated_at      INTEGER     NOT NULL,
    deactivated_at    INTEGER,
    lease_id          BLOB,
    lease_key_id      TEXT,
    lease_expires_at  INTEGER,
    lease_grace_until INTEGER,
    checks            INTEGER     NOT NULL,
    first_checked_at  INTEGER,
    last_checked_at   INTEGER,
    last_checked_from TEXT,
    -- when an app first reported its start, and last its end
    first_start_at    INTEGER,
    last_end_at       INTEGER,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, license_id, fingerprint),
    FOREIGN KEY (tenant_id, license_id) REFERENCES licenses (tenant_id, id)
) STRICT;
CREATE INDEX machines_active ON machines (tenant_id, license_id, lease_grace_until) WHERE state = 'active';
CREATE INDEX machines_of_signing_key ON machines (tenant_id, lease_key_id, lease_grace_until);

CREATE TABLE events (
    tenant_id    BLOB        NOT NULL,
    id           BLOB        NOT NULL,
    at           INTEGER     NOT NULL,
    actor        TEXT        NOT NULL,
    action       TEXT        NOT NULL,
    subject_kind TEXT,
    subject_id   TEXT,
    license_id   BLOB,
    refused_for  TEXT,
    address      TEXT,
    request_id   TEXT,
    details      TEXT        NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT;
CREATE INDEX events_of_license ON events (tenant_id, license_id, id) WHERE license_id IS NOT NULL;

-- Events that others still have to be told of.
CREATE TABLE outbox (
    tenant_id    BLOB        NOT NULL,
    event_id     BLOB        NOT NULL,
    available_at INTEGER     NOT NULL,
    PRIMARY KEY (tenant_id, event_id),
    FOREIGN KEY (tenant_id, event_id) REFERENCES events (tenant_id, id)
) STRICT;

CREATE TABLE idempotency_keys (
    tenant_id   BLOB        NOT NULL,
    key         TEXT        NOT NULL,
    request     BLOB        NOT NULL,
    status      INTEGER,
    sealed_body BLOB,
    expires_at  INTEGER     NOT NULL,
    PRIMARY KEY (tenant_id, key)
) STRICT;
CREATE INDEX idempotency_keys_expiry ON idempotency_keys (tenant_id, expires_at);
