import { call } from "./client";
import { nextOpSeq } from "./ids";
import type { Comment, ItemPage, UserBrief } from "./types";

/** POST sets, DELETE unsets. The answer's count already includes the change. */
function toggle<Count extends string>(path: string, on: boolean): Promise<Record<Count, number>> {
  return call(on ? "POST" : "DELETE", path, { body: { op_seq: nextOpSeq() } });
}

export const setLike = (videoId: string, on: boolean) => toggle<"like_count">(`videos/${videoId}/like`, on);
export const setSave = (videoId: string, on: boolean) => toggle<"save_count">(`videos/${videoId}/save`, on);
export const setFollow = (userId: string, on: boolean) =>
  toggle<"follower_count">(`users/${userId}/follow`, on);
export const setBlock = (userId: string, on: boolean) =>
  toggle<"blocked_count">(`users/${userId}/block`, on);
export const setMute = (userId: string, on: boolean) => toggle<"muted_count">(`users/${userId}/mute`, on);
export const setCommentLike = (id: string, on: boolean) => toggle<"like_count">(`comments/${id}/like`, on);

export const listComments = (videoId: string, cursor: string | null) =>
  call<ItemPage<Comment>>("GET", `videos/${videoId}/comments`, { query: { cursor } });
export const listReplies = (commentId: string, cursor: string | null) =>
  call<ItemPage<Comment>>("GET", `comments/${commentId}/replies`, { query: { cursor } });
export const postComment = (
  videoId: string,
  content: string,
  parentId: string | null,
  idempotencyKey: string,
) =>
  call<Comment>("POST", `videos/${videoId}/comments`, {
    idempotencyKey,
    body: parentId ? { content, parent_comment_id: parentId } : { content },
  });
export const deleteComment = (id: string) => call<void>("DELETE", `comments/${id}`);

export type FollowSide = "followers" | "following";
export const listFollows = (userId: string, side: FollowSide, cursor: string | null) =>
  call<ItemPage<UserBrief>>("GET", `users/${userId}/${side}`, { query: { cursor } });
