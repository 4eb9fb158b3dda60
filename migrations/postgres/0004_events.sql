-- Events. Each store has its own outbox, dedup marks and receipts, because each may live in another engine; positions,
-- dead letters and jobs belong to the workers.

CREATE SCHEMA work;

DO $$
DECLARE
    store text;
BEGIN
    FOREACH store IN ARRAY ARRAY['social', 'video', 'activity'] LOOP
        -- `number` is given by the one relay, after commit: a dense order without the gaps that `seq` has while
        -- transactions overlap.
        EXECUTE format($ddl$
            CREATE TABLE %1$I.outbox (
                seq         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                number      bigint,
                event_id    text COLLATE "C" NOT NULL,
                type        text NOT NULL,
                key         text COLLATE "C" NOT NULL,
                occurred_at bigint NOT NULL,
                data        jsonb NOT NULL
            );
            CREATE INDEX outbox_unnumbered ON %1$I.outbox (seq) WHERE number IS NULL;
            CREATE UNIQUE INDEX outbox_numbered ON %1$I.outbox (number) WHERE number IS NOT NULL;
            CREATE TABLE %1$I.relay (
                one_row         boolean PRIMARY KEY DEFAULT true CHECK (one_row),
                owner           text NOT NULL DEFAULT '',
                lease_until     timestamptz NOT NULL DEFAULT '-infinity',
                last_number     bigint NOT NULL DEFAULT 0,
                published       bigint NOT NULL DEFAULT 0
            );
            INSERT INTO %1$I.relay DEFAULT VALUES;
            CREATE TABLE %1$I.applied (
                cause      text COLLATE "C" PRIMARY KEY,
                applied_at timestamptz NOT NULL DEFAULT now()
            );
            CREATE INDEX applied_age ON %1$I.applied (applied_at);
            CREATE TABLE %1$I.receipts (
                scope       text COLLATE "C" NOT NULL,
                key         text COLLATE "C" NOT NULL,
                fingerprint bytea NOT NULL,
                status      smallint NOT NULL,
                body        bytea NOT NULL,
                created_at  timestamptz NOT NULL DEFAULT now(),
                PRIMARY KEY (scope, key)
            );
            CREATE INDEX receipts_age ON %1$I.receipts (created_at);
        $ddl$, store);
    END LOOP;
END
$$;

CREATE TABLE work.positions (
    grp         text NOT NULL,
    topic       text NOT NULL,
    part        smallint NOT NULL,
    epoch       text NOT NULL DEFAULT '',
    "offset"    text NOT NULL DEFAULT '',
    marks       jsonb NOT NULL DEFAULT '{}',
    owner       text NOT NULL DEFAULT '',
    lease_until timestamptz NOT NULL DEFAULT '-infinity',
    fence       bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (grp, topic, part)
);

CREATE TABLE work.dead_letters (
    letter_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    grp       text NOT NULL,
    event_id  text COLLATE "C" NOT NULL,
    event     json NOT NULL, -- not jsonb, which refuses NUL: what is kept here is what could not be handled
    error     text NOT NULL,
    failed_at bigint NOT NULL,
    replay    boolean NOT NULL DEFAULT false,
    UNIQUE (grp, event_id)
);

CREATE TABLE work.jobs (
    job_id      text COLLATE "C" PRIMARY KEY,
    kind        text NOT NULL,
    subject     text COLLATE "C" NOT NULL,
    cause       text COLLATE "C" NOT NULL,
    due_at      timestamptz NOT NULL DEFAULT now(),
    lease_until timestamptz,
    owner       text NOT NULL DEFAULT '',
    fence       bigint NOT NULL DEFAULT 0,
    attempt     integer NOT NULL DEFAULT 0,
    progress    smallint NOT NULL DEFAULT 0,
    error       text,
    done_at     timestamptz,
    created_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (kind, cause)
);
CREATE UNIQUE INDEX jobs_one_per_subject ON work.jobs (kind, subject) WHERE done_at IS NULL;
CREATE INDEX jobs_due ON work.jobs (kind, due_at) WHERE done_at IS NULL;
CREATE INDEX jobs_ended ON work.jobs (done_at) WHERE done_at IS NOT NULL;

-- migrate: down
DROP SCHEMA work CASCADE;
DO $$
DECLARE
    store text;
BEGIN
    FOREACH store IN ARRAY ARRAY['social', 'video', 'activity'] LOOP
        EXECUTE format('DROP TABLE %1$I.outbox, %1$I.relay, %1$I.applied, %1$I.receipts', store);
    END LOOP;
END
$$;
