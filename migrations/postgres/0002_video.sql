-- The video store. A record is one document with the columns that conditions and indices need beside it, the shape it
-- also has in DynamoDB; counts live in a row of their own, so that a viral video does not rewrite its record.

CREATE SCHEMA video;

CREATE TABLE video.videos (
    video_id          text COLLATE "C" PRIMARY KEY,
    user_id           text COLLATE "C" NOT NULL,
    version           bigint NOT NULL,
    status            text NOT NULL,
    moderation_status text NOT NULL,
    visibility        text NOT NULL,
    category          text COLLATE "C" NOT NULL,
    music_id          text COLLATE "C",
    created_at        bigint NOT NULL,
    updated_at        bigint NOT NULL,
    publish_at        bigint,
    published_at      bigint,
    processed_at      bigint,
    reserved_bytes    bigint NOT NULL,
    document          jsonb NOT NULL
);
CREATE INDEX videos_of_author ON video.videos (user_id, created_at DESC, video_id DESC) WHERE status <> 'deleted';
CREATE INDEX videos_published_by_author ON video.videos (user_id, published_at DESC, video_id DESC)
    WHERE status = 'active' AND visibility <> 'private';
CREATE INDEX videos_fresh ON video.videos (published_at DESC, video_id DESC)
    WHERE status = 'active' AND visibility = 'public';
CREATE INDEX videos_fresh_by_category ON video.videos (category, published_at DESC, video_id DESC)
    WHERE status = 'active' AND visibility = 'public';
CREATE INDEX videos_by_music ON video.videos (music_id, published_at DESC, video_id DESC)
    WHERE status = 'active' AND visibility = 'public' AND music_id IS NOT NULL;
CREATE INDEX videos_stalled ON video.videos (status, updated_at) WHERE status NOT IN ('active', 'deleted');
CREATE INDEX videos_due ON video.videos (publish_at)
    WHERE status = 'processing' AND processed_at IS NOT NULL AND moderation_status = 'approved';

-- One row per (video, group of counts); absolute values, applied only if newer.
CREATE TABLE video.counts (
    video_id text COLLATE "C" NOT NULL,
    grp      text NOT NULL,
    version  bigint NOT NULL,
    numbers  jsonb NOT NULL,
    PRIMARY KEY (video_id, grp)
);

CREATE TABLE video.authors (
    user_id        text COLLATE "C" PRIMARY KEY,
    reserved_bytes bigint NOT NULL DEFAULT 0,
    visible_videos bigint NOT NULL DEFAULT 0
);

CREATE TABLE video.music (
    music_id     text COLLATE "C" PRIMARY KEY,
    title        text NOT NULL,
    artist       text NOT NULL,
    duration_sec integer NOT NULL
);

-- migrate: down
DROP SCHEMA video CASCADE;
