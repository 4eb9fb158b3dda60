import type { components } from "./schema";

/**
 * The wire format, by the names the client uses. `schema.d.ts` is generated (`npm run api`) from `openapi.json`, which
 * `python -m app openapi` prints. Times are integers, ms since 1970; media addresses are relative to the origin.
 * Where the document says only "string", the words that can occur are spelled out here.
 */
type Schemas = components["schemas"];

export type VideoStatus = "uploading" | "processing" | "active" | "failed" | "deleted";
export type ModerationStatus = "pending" | "approved" | "rejected";
export type Visibility = Schemas["UploadRequest"]["visibility"];

export type UserBrief = Schemas["UserBrief"];
export type Profile = Schemas["Profile"];
export type Me = Schemas["Me"];
export type ViewerOfUser = Schemas["Standing"];
export type Session = Schemas["SessionItem"];
export type AuthAnswer = Schemas["SignedIn"];
export type Comment = Schemas["CommentCard"];

export type Video = Omit<Schemas["VideoCard"], "status" | "visibility" | "urls"> & {
  status: VideoStatus;
  visibility: Visibility;
  /** Of an active video; before that there is nothing to play. */
  urls: { master: string };
  /** Of the personal page that the card came with; put on it by this client. */
  playback_token?: string | null;
};

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
}

export type FeedPage = VideoPage & Pick<Schemas["FeedPage"], "playback_token">;

export type UploadStart = Schemas["UploadRequest"];
export type UploadStarted = Schemas["UploadAnswer"];
export type UploadPart = Schemas["PartState"];
export type UploadState = Omit<Schemas["UploadState"], "status"> & { status: VideoStatus };
export type CompletedPart = Schemas["PartDone"];
export type VideoEdit = Schemas["Patch"];

export type ProcessingState = Omit<Schemas["StatusAnswer"], "status" | "moderation_status"> & {
  status: VideoStatus;
  moderation_status: ModerationStatus;
};

export type ViewReport = Schemas["ViewReport"];
export type ViewType = ViewReport["type"];

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
