-- Who is suspended, and how far the work of a long event has come.

ALTER TABLE social.users ADD suspended_at timestamptz, ADD suspension_reason text;

-- `effect` is event/group, as a dedup mark; (at, id) the last row that was done, (0, '') once all are.
CREATE TABLE work.progress (
    effect   text COLLATE "C" PRIMARY KEY,
    at       bigint NOT NULL,
    id       text COLLATE "C" NOT NULL,
    noted_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX progress_age ON work.progress (noted_at);

-- migrate: down
DROP TABLE work.progress;
ALTER TABLE social.users DROP suspension_reason, DROP suspended_at;
