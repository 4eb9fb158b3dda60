-- What each event added to the trending ledger, so that a score can be explained and an actor's part taken out again.

CREATE TABLE activity.trending_contributions (
    cause        text COLLATE "C" PRIMARY KEY, -- event/group, as its dedup mark
    actor        text COLLATE "C" NOT NULL,    -- a user, or what stands for an anonymous visitor
    video_id     text COLLATE "C" NOT NULL,
    published_at bigint NOT NULL,
    scopes       text[] NOT NULL,
    views        bigint NOT NULL,
    likes        bigint NOT NULL,
    shares       bigint NOT NULL,
    at           bigint NOT NULL,
    retracted    boolean NOT NULL DEFAULT false
);
CREATE INDEX trending_contributions_of_actor ON activity.trending_contributions (actor, video_id);
CREATE INDEX trending_contributions_of_video ON activity.trending_contributions (video_id, at DESC, cause);
CREATE INDEX trending_contributions_age ON activity.trending_contributions (at);

-- migrate: down
DROP TABLE activity.trending_contributions;
