-- The activity store: views and watch history, kept 90 days in monthly partitions; the trending ledger.

CREATE SCHEMA activity;

CREATE TABLE activity.views (
    viewer     text COLLATE "C" NOT NULL,
    event_id   text COLLATE "C" NOT NULL,
    video_id   text COLLATE "C" NOT NULL,
    type       text NOT NULL,
    watched_ms integer NOT NULL,
    position_ms integer NOT NULL,
    counted    boolean NOT NULL,
    own        boolean NOT NULL,
    region     text,
    at         bigint NOT NULL,
    PRIMARY KEY (viewer, event_id, at)
) PARTITION BY RANGE (at);

CREATE TABLE activity.watch_history (
    user_id    text COLLATE "C" NOT NULL,
    watched_at bigint NOT NULL,
    video_id   text COLLATE "C" NOT NULL,
    watched_ms integer NOT NULL,
    completed  boolean NOT NULL,
    PRIMARY KEY (user_id, watched_at, video_id)
) PARTITION BY RANGE (watched_at);

-- When a viewer was last counted for a video: the 30-minute rule.
CREATE TABLE activity.last_counted (
    viewer     text COLLATE "C" NOT NULL,
    video_id   text COLLATE "C" NOT NULL,
    counted_at bigint NOT NULL,
    PRIMARY KEY (viewer, video_id)
);
CREATE INDEX last_counted_age ON activity.last_counted (counted_at);

-- As social.counts: the sum over slots is the count.
CREATE TABLE activity.view_counts (
    video_id text COLLATE "C" NOT NULL,
    slot     smallint NOT NULL CHECK (slot BETWEEN 0 AND 15),
    n        bigint NOT NULL,
    PRIMARY KEY (video_id, slot)
);

CREATE TABLE activity.trending_ledger (
    scope        text COLLATE "C" NOT NULL,
    video_id     text COLLATE "C" NOT NULL,
    published_at bigint NOT NULL,
    views        bigint NOT NULL,
    likes        bigint NOT NULL,
    shares       bigint NOT NULL,
    points       bigint GENERATED ALWAYS AS (1000 * views + 500 * likes + 2000 * shares) STORED,
    -- hotpath.trending.rank_key, the time-independent order of the documented score
    rank_key     bigint GENERATED ALWAYS AS (
        72000 * (1000 * views + 500 * likes + 2000 * shares) + published_at + 3600000 * (published_at / 300000)) STORED,
    PRIMARY KEY (scope, video_id)
);
CREATE INDEX trending_ledger_leaders ON activity.trending_ledger (scope, rank_key DESC, video_id);

-- The application may not create or drop tables; this is the one exception it needs, for these two tables and nothing
-- else: months are added ahead, and one is dropped when its last row is older than 90 days.
CREATE FUNCTION activity.maintain(now_ms bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog SET lock_timeout = '1s' AS $$
DECLARE
    keep_from  timestamp := to_timestamp(now_ms / 1000.0) AT TIME ZONE 'UTC' - interval '90 days';
    this_month timestamp := date_trunc('month', to_timestamp(now_ms / 1000.0) AT TIME ZONE 'UTC');
    month      timestamp;
    parent     text;
    part       record;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('activity.maintain'));
    FOREACH parent IN ARRAY ARRAY['views', 'watch_history'] LOOP
        FOR i IN -3..2 LOOP
            month := this_month + make_interval(months => i);
            CONTINUE WHEN month + interval '1 month' <= keep_from
                OR to_regclass(format('activity.%I', parent || to_char(month, '_YYYYMM'))) IS NOT NULL;
            EXECUTE format(
                'CREATE TABLE activity.%I PARTITION OF activity.%I FOR VALUES FROM (%s) TO (%s)',
                parent || to_char(month, '_YYYYMM'), parent,
                (extract(epoch FROM month) * 1000)::bigint,
                (extract(epoch FROM month + interval '1 month') * 1000)::bigint);
        END LOOP;
        FOR part IN
            SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
            WHERE i.inhparent = format('activity.%I', parent)::regclass
              AND to_date(right(c.relname, 6), 'YYYYMM') + interval '1 month' <= keep_from
        LOOP
            EXECUTE format('DROP TABLE activity.%I', part.relname);
        END LOOP;
    END LOOP;
END
$$;
SELECT activity.maintain((extract(epoch FROM now()) * 1000)::bigint);

-- migrate: down
DROP SCHEMA activity CASCADE;
