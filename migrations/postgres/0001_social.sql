-- The social store: users, accounts, graph, reactions, comments.
-- Tables of the graph are cut into 100 by their leading user, in both directions; every hot query names that user and
-- touches one partition, so the same schema distributes (0005).

CREATE SCHEMA social;

CREATE SEQUENCE social.user_no AS integer;

CREATE TABLE social.users (
    user_id      text COLLATE "C" PRIMARY KEY,
    user_no      integer NOT NULL DEFAULT nextval('social.user_no'),
    username     text NOT NULL,
    display_name text NOT NULL,
    bio          text NOT NULL DEFAULT '',
    avatar       text,
    verified     boolean NOT NULL DEFAULT false,
    country      text CHECK (country ~ '^[A-Z]{2}$'),
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL
) PARTITION BY HASH (user_id);

-- Claims are keyed by their own value, so that uniqueness needs one partition only.
CREATE TABLE social.usernames (
    username_key text COLLATE "C" PRIMARY KEY,
    user_id      text COLLATE "C" NOT NULL
);
CREATE TABLE social.emails (
    email_key bytea PRIMARY KEY,
    user_id   text COLLATE "C" NOT NULL
);

CREATE TABLE social.credentials (
    user_id       text COLLATE "C" PRIMARY KEY,
    email         text NOT NULL,
    password_hash text NOT NULL,
    changed_at    timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE social.sessions (
    session_id   text COLLATE "C" PRIMARY KEY,
    user_id      text COLLATE "C" NOT NULL,
    created_at   timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    user_agent   text NOT NULL,
    ip           text NOT NULL,
    revoked_at   timestamptz
);
CREATE INDEX sessions_of_user ON social.sessions (user_id, created_at DESC, session_id DESC) WHERE revoked_at IS NULL;

-- A family is a session's chain of refresh tokens; only hashes are kept.
CREATE TABLE social.refresh_tokens (
    token_hash bytea PRIMARY KEY,
    session_id text COLLATE "C" NOT NULL,
    issued_at  timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    spent_at   timestamptz
);
CREATE INDEX refresh_tokens_of_session ON social.refresh_tokens (session_id);

-- `active` false is a tombstone: it remembers op_seq, so that a late, older toggle changes nothing.
CREATE TABLE social.follows (
    user_id    text COLLATE "C" NOT NULL,
    other_id   text COLLATE "C" NOT NULL,
    active     boolean NOT NULL,
    op_seq     bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, other_id)
) PARTITION BY HASH (user_id);
CREATE INDEX follows_newest ON social.follows (user_id, created_at DESC, other_id DESC) WHERE active;

-- The reverse direction of follows, led by the one who is followed; holds active edges only.
CREATE TABLE social.followers (
    user_id     text COLLATE "C" NOT NULL,
    follower_id text COLLATE "C" NOT NULL,
    follower_no integer NOT NULL,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (user_id, follower_id)
) PARTITION BY HASH (user_id);
CREATE INDEX followers_newest ON social.followers (user_id, created_at DESC, follower_id DESC);

-- Blocks (and, with side 'by', their reverse direction) and mutes.
CREATE TABLE social.barriers (
    user_id    text COLLATE "C" NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('block', 'block_by', 'mute')),
    other_id   text COLLATE "C" NOT NULL,
    active     boolean NOT NULL,
    op_seq     bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, kind, other_id)
) PARTITION BY HASH (user_id);

-- Likes and saves of videos.
CREATE TABLE social.reactions (
    user_id    text COLLATE "C" NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('like', 'save')),
    video_id   text COLLATE "C" NOT NULL,
    active     boolean NOT NULL,
    op_seq     bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, kind, video_id)
) PARTITION BY HASH (user_id);
CREATE INDEX reactions_newest ON social.reactions (user_id, kind, created_at DESC, video_id DESC) WHERE active;

CREATE TABLE social.shares (
    video_id   text COLLATE "C" NOT NULL,
    event_id   text COLLATE "C" NOT NULL,
    user_id    text COLLATE "C" NOT NULL,
    channel    text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (video_id, event_id)
) PARTITION BY HASH (video_id);

-- Led by the bucket of the video (app.core.buckets), which a comment's own id carries too.
CREATE TABLE social.comments (
    bucket            smallint NOT NULL,
    video_id          text COLLATE "C" NOT NULL,
    comment_id        text COLLATE "C" NOT NULL,
    user_id           text COLLATE "C" NOT NULL,
    parent_comment_id text COLLATE "C",
    content           text NOT NULL,
    like_count        bigint NOT NULL DEFAULT 0,
    reply_count       bigint NOT NULL DEFAULT 0,
    created_at        timestamptz NOT NULL,
    updated_at        timestamptz NOT NULL,
    deleted_at        timestamptz,
    PRIMARY KEY (bucket, comment_id)
) PARTITION BY LIST (bucket);
CREATE INDEX comments_top ON social.comments (bucket, video_id, created_at DESC, comment_id DESC)
    WHERE parent_comment_id IS NULL;
CREATE INDEX comments_replies ON social.comments (bucket, parent_comment_id, created_at, comment_id)
    WHERE parent_comment_id IS NOT NULL AND deleted_at IS NULL;

CREATE TABLE social.comment_likes (
    user_id    text COLLATE "C" NOT NULL,
    comment_id text COLLATE "C" NOT NULL,
    active     boolean NOT NULL,
    op_seq     bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, comment_id)
) PARTITION BY HASH (user_id);

-- Counts of a subject (a user or a video), kept in the write that changes the truth. A subject's count is the sum over
-- its slots; the writer picks the slot by its own id, so that a viral subject is not one hot row. `version` grows with
-- each change: of two sums the one with the larger sum of versions is the newer.
CREATE TABLE social.counts (
    subject text COLLATE "C" NOT NULL,
    noun    text NOT NULL,
    slot    smallint NOT NULL CHECK (slot BETWEEN 0 AND 15),
    n       bigint NOT NULL,
    version bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (subject, noun, slot)
) PARTITION BY HASH (subject);

DO $$
BEGIN
    FOR i IN 0..99 LOOP
        EXECUTE format('CREATE TABLE social.follows_%s PARTITION OF social.follows FOR VALUES WITH (MODULUS 100, REMAINDER %s)', i, i);
        EXECUTE format('CREATE TABLE social.followers_%s PARTITION OF social.followers FOR VALUES WITH (MODULUS 100, REMAINDER %s)', i, i);
        EXECUTE format('CREATE TABLE social.barriers_%s PARTITION OF social.barriers FOR VALUES WITH (MODULUS 100, REMAINDER %s)', i, i);
        EXECUTE format('CREATE TABLE social.reactions_%s PARTITION OF social.reactions FOR VALUES WITH (MODULUS 100, REMAINDER %s)', i, i);
        EXECUTE format('CREATE TABLE social.comments_%s PARTITION OF social.comments FOR VALUES IN (%s)', i, i);
    END LOOP;
    FOR i IN 0..9 LOOP
        EXECUTE format('CREATE TABLE social.users_%s PARTITION OF social.users FOR VALUES WITH (MODULUS 10, REMAINDER %s)', i, i);
        EXECUTE format('CREATE TABLE social.shares_%s PARTITION OF social.shares FOR VALUES WITH (MODULUS 10, REMAINDER %s)', i, i);
        EXECUTE format('CREATE TABLE social.comment_likes_%s PARTITION OF social.comment_likes FOR VALUES WITH (MODULUS 10, REMAINDER %s)', i, i);
        EXECUTE format('CREATE TABLE social.counts_%s PARTITION OF social.counts FOR VALUES WITH (MODULUS 10, REMAINDER %s)', i, i);
    END LOOP;
END
$$;

-- migrate: down
DROP SCHEMA social CASCADE;
