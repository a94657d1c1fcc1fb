-- What was used on each day: counts that are added up in batches, and figures that are noted.

CREATE TABLE usage_days (
    tenant_id BLOB    NOT NULL,
    -- days since 1970-01-01, in UTC
    day       INTEGER NOT NULL,
    kind      TEXT    NOT NULL,
    count     INTEGER NOT NULL CHECK (count >= 0),
    PRIMARY KEY (tenant_id, day, kind)
) STRICT;
