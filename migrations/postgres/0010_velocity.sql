-- Trending's second rule, and a way into the ledger on which nothing is updated.

-- What batches of events add waits here, one row for each (scope, video) of a batch, written with the batch's dedup marks
-- and contributions. The fold moves it into the ledger: however many views a video gets, its ledger rows change once a fold.
CREATE TABLE activity.trending_pending (
    scope        text COLLATE "C" NOT NULL,
    video_id     text COLLATE "C" NOT NULL,
    published_at bigint NOT NULL,
    views        bigint NOT NULL,
    likes        bigint NOT NULL,
    shares       bigint NOT NULL,
    heat_in      double precision, -- log2 of a sum, as in the ledger below; null: nothing
    heat_out     double precision,
    base_in      double precision,
    base_out     double precision
);

-- Sums of weight * 2^((t - landmark) / half-life), kept as their log2 so that they neither overflow nor need a new landmark
-- (app.core.velocity). What came in and what was taken out again only grow, so that their order doesn't matter.
CREATE FUNCTION activity.log2_more(a double precision, b double precision) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN a IS NULL THEN b WHEN b IS NULL THEN a
           ELSE greatest(a, b) + ln(1 + power(2::double precision, greatest(-abs(a - b), -60))) / ln(2::double precision) END
$$;
-- Below a millionth of what came in, the rest is rounding.
CREATE FUNCTION activity.log2_less(a double precision, b double precision) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN b IS NULL THEN a WHEN a IS NULL OR b > a - 0.000001 THEN NULL
           ELSE a + ln(1 - power(2::double precision, greatest(b - a, -60))) / ln(2::double precision) END
$$;

ALTER TABLE activity.trending_ledger
    ADD COLUMN heat_in  double precision,
    ADD COLUMN heat_out double precision,
    ADD COLUMN base_in  double precision,
    ADD COLUMN base_out double precision,
    ADD COLUMN heat     double precision GENERATED ALWAYS AS (activity.log2_less(heat_in, heat_out)) STORED,
    ADD COLUMN base     double precision GENERATED ALWAYS AS (activity.log2_less(base_in, base_out)) STORED;
CREATE INDEX trending_ledger_hottest ON activity.trending_ledger (scope, heat DESC, video_id) WHERE heat IS NOT NULL;

-- An unlike is weighed at the time of its like, and so takes exactly that out.
ALTER TABLE activity.trending_contributions
    ADD COLUMN weight     smallint NOT NULL DEFAULT 0,
    ADD COLUMN weighed_at bigint NOT NULL DEFAULT 0;

-- migrate: down
ALTER TABLE activity.trending_contributions DROP COLUMN weight, DROP COLUMN weighed_at;
ALTER TABLE activity.trending_ledger
    DROP COLUMN heat, DROP COLUMN base, DROP COLUMN heat_in, DROP COLUMN heat_out, DROP COLUMN base_in, DROP COLUMN base_out;
DROP FUNCTION activity.log2_less(double precision, double precision);
DROP FUNCTION activity.log2_more(double precision, double precision);
DROP TABLE activity.trending_pending;
