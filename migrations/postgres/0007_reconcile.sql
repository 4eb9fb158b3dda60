-- The truth by what it counts for: the reconciler compares every count with its rows, a page of subjects at a time.

CREATE INDEX reactions_of_video ON social.reactions (kind, video_id) WHERE active;
CREATE INDEX comments_of_video ON social.comments (video_id) WHERE deleted_at IS NULL;
CREATE INDEX comment_likes_of_comment ON social.comment_likes (comment_id) WHERE active;
CREATE INDEX views_counted ON activity.views (video_id) WHERE counted;

-- migrate: down
DROP INDEX activity.views_counted;
DROP INDEX social.comment_likes_of_comment;
DROP INDEX social.comments_of_video;
DROP INDEX social.reactions_of_video;
