-- Fan-out: in which tier a creator is, how far each push has come, and what tells who is active.

-- A row exists once a creator has left the first tier. `epoch` counts the crossings: each is one conditional write. The
-- two times say until when readers still pull what was not pushed before a crossing (app.ports.tiers).
CREATE TABLE social.tiers (
    user_id         text COLLATE "C" PRIMARY KEY,
    tier            text NOT NULL CHECK (tier IN ('push', 'selective', 'pull')),
    epoch           bigint NOT NULL,
    selective_until bigint NOT NULL,
    pull_until      bigint NOT NULL,
    changed_at      bigint NOT NULL
);
CREATE INDEX tiers_changed ON social.tiers (changed_at, user_id);

-- What a video's event was stamped with when its fan-out began, and the last follower it has reached.
CREATE TABLE social.fanouts (
    event_id   text COLLATE "C" PRIMARY KEY,
    video_id   text COLLATE "C" NOT NULL,
    tier       text NOT NULL,
    epoch      bigint NOT NULL,
    after_id   text COLLATE "C" NOT NULL DEFAULT '',
    done       boolean NOT NULL DEFAULT false,
    started_at bigint NOT NULL
);
CREATE INDEX fanouts_age ON social.fanouts (started_at);

-- Who opened the app lately, signed out since or not; and whose number a bit of the bitmap is.
CREATE INDEX sessions_seen ON social.sessions (user_id, last_seen_at);
CREATE INDEX users_by_no ON social.users (user_no);

-- Likes, comments and shares by who made them. A row a thing: liking again moves the time, and counts once.
CREATE TABLE activity.user_interactions (
    user_id text COLLATE "C" NOT NULL,
    kind    text NOT NULL CHECK (kind IN ('like', 'comment', 'share')),
    subject text COLLATE "C" NOT NULL,
    at      bigint NOT NULL,
    PRIMARY KEY (user_id, kind, subject)
);
CREATE INDEX user_interactions_newest ON activity.user_interactions (user_id, at);
CREATE INDEX user_interactions_age ON activity.user_interactions (at);

-- Fan-out does not read interactions any more: a position that nobody moves would keep the bus from forgetting anything.
DELETE FROM work.positions WHERE grp = 'fan-out' AND topic = 'user.interaction';

-- migrate: down
DROP TABLE activity.user_interactions;
DROP INDEX social.users_by_no;
DROP INDEX social.sessions_seen;
DROP TABLE social.fanouts;
DROP TABLE social.tiers;
