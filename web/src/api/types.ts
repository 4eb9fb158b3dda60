/**
 * The wire format of `/api/v1`, by the names of its schemas.
 *
 * Every time is an integer, ms since 1970. Media URLs are origin-relative. Once `openapi.json` is dumped and
 * `npm run api` has made `schema.d.ts`, each declaration becomes `components["schemas"]["…"]`.
 */

export interface UserBrief {
  user_id: string;
  username: string;
  display_name: string;
  avatar_url: string | null;
  verified: boolean;
}

export interface ViewerOfUser {
  following: boolean;
  followed_by: boolean;
  blocked: boolean;
  muted: boolean;
}

export interface Profile extends UserBrief {
  bio: string;
  country: string | null;
  created_at: number;
  follower_count: number;
  following_count: number;
  video_count: number;
  total_likes: number;
  viewer: ViewerOfUser | null;
}

export interface Me extends Profile {
  email: string;
}

export type VideoStatus = "uploading" | "processing" | "active" | "failed" | "deleted";
export type ModerationStatus = "pending" | "approved" | "rejected";
export type Visibility = "public" | "friends" | "private";

export interface VideoUrls {
  "360p"?: string;
  "720p"?: string;
  "1080p"?: string;
  "4k"?: string;
  master: string;
  dash: string;
}

export interface VideoStats {
  views: number;
  likes: number;
  comments: number;
  shares: number;
  saves: number;
}

export interface UserInteraction {
  liked: boolean;
  saved: boolean;
  following: boolean;
}

export interface Music {
  music_id: string;
  title: string;
  artist: string;
}

export interface Video {
  video_id: string;
  user: UserBrief;
  title: string;
  description: string;
  category: string | null;
  hashtags: string[];
  created_at: number;
  published_at: number | null;
  status: VideoStatus;
  visibility: Visibility;
  allow_comments: boolean;
  allow_duet: boolean;
  allow_stitch: boolean;
  width: number;
  height: number;
  location: { name: string } | null;
  urls: VideoUrls;
  thumbnail_url: string | null;
  thumbnails: string[];
  preview_sprite_url: string | null;
  preview_vtt_url: string | null;
  duration_sec: number;
  stats: VideoStats;
  user_interaction: UserInteraction;
  music: Music | null;
  playback_token?: string;
  trending_score?: number;
}

export interface Comment {
  comment_id: string;
  video_id: string;
  content: string;
  user: UserBrief;
  parent_comment_id: string | null;
  created_at: number;
  updated_at: number;
  like_count: number;
  reply_count: number;
  liked: boolean;
  deleted: boolean;
}

export interface Session {
  session_id: string;
  created_at: number;
  last_seen_at: number;
  user_agent: string;
  ip: string;
  current: boolean;
}

/** A list answer: the end is `has_more: false`, never a short page. */
export interface ItemPage<T> {
  items: T[];
  next_cursor: string | null;
  has_more: boolean;
}

/** Feeds and a user's videos name their items `videos`. */
export interface VideoPage {
  videos: Video[];
  next_cursor: string | null;
  has_more: boolean;
  sources?: string[];
}

export interface AuthAnswer {
  user: Me;
  access_token: string;
  token_type: "Bearer";
  expires_in: number;
}

export interface UploadStart {
  title: string;
  description: string;
  category?: string;
  hashtags: string[];
  duration_sec: number;
  file_size_bytes: number;
  width: number;
  height: number;
  visibility: Visibility;
  allow_comments: boolean;
  allow_duet: boolean;
  allow_stitch: boolean;
  content_type: string;
  thumbnail_at_ms?: number;
}

export interface UploadStarted {
  video_id: string;
  upload_url: string;
  upload_expires_at: number;
  status: VideoStatus;
  upload_headers: Record<string, string>;
  upload?: { part_size_bytes: number; parts: { number: number; url: string }[] };
}

export interface UploadPart {
  number: number;
  size_bytes: number;
  etag: string | null;
  url: string | null;
}

export interface UploadState {
  status: VideoStatus;
  part_size_bytes: number | null;
  upload_expires_at: number;
  upload_url: string;
  upload_headers: Record<string, string>;
  parts: UploadPart[];
}

export interface CompletedPart {
  number: number;
  etag: string;
  checksum_sha256?: string;
}

export interface ProcessingState {
  video_id: string;
  status: VideoStatus;
  moderation_status: ModerationStatus;
  progress: number;
  failure?: { code: string; detail: string } | null;
}

export interface VideoEdit {
  title?: string;
  description?: string;
  category?: string;
  hashtags?: string[];
  visibility?: Visibility;
  allow_comments?: boolean;
  allow_duet?: boolean;
  allow_stitch?: boolean;
  thumbnail_index?: number;
}

export type ViewType = "start" | "engaged" | "complete" | "loop";

export interface ViewReport {
  type: ViewType;
  playback_token?: string;
  watched_ms: number;
  position_ms: number;
  event_id: string;
}

export interface ProblemField {
  pointer: string;
  code: string;
  detail: string;
}

/** RFC 9457 problem details, as every error answer carries them. */
export interface Problem {
  type?: string;
  title?: string;
  status?: number;
  detail?: string;
  code?: string;
  errors?: ProblemField[];
  request_id?: string;
}
