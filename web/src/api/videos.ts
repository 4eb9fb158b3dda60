import { call } from "./client";
import type {
  CompletedPart,
  ProcessingState,
  UploadStart,
  UploadStarted,
  UploadState,
  Video,
  VideoEdit,
  ViewReport,
} from "./types";
import { rememberVideos } from "./videoCache";

function remembered(video: Video): Video {
  rememberVideos([video]);
  return video;
}

export const getVideo = (id: string, signal?: AbortSignal) =>
  call<Video>("GET", `videos/${id}`, { signal }).then(remembered);
export const editVideo = (id: string, edit: VideoEdit) =>
  call<Video>("PATCH", `videos/${id}`, { body: edit }).then(remembered);
export const deleteVideo = (id: string) => call<void>("DELETE", `videos/${id}`);
export const getDownload = (id: string) =>
  call<{ download_url: string; expires_at: number }>("GET", `videos/${id}/download`);

export const startUpload = (body: UploadStart) => call<UploadStarted>("POST", "videos/upload", { body });
export const getUpload = (id: string, signal?: AbortSignal) =>
  call<UploadState>("GET", `videos/${id}/upload`, { signal });
export const completeUpload = (id: string, parts?: CompletedPart[]) =>
  call<ProcessingState>("POST", `videos/${id}/complete`, {
    body: parts ? { parts } : {},
    timeoutMs: 60_000,
  });
export const getStatus = (id: string, signal?: AbortSignal) =>
  call<ProcessingState>("GET", `videos/${id}/status`, { signal });
export const retryProcessing = (id: string) => call<ProcessingState>("POST", `videos/${id}/retry`);

export const reportView = (id: string, body: ViewReport) =>
  call<{ accepted: boolean; playback_token?: string }>("POST", `videos/${id}/views`, {
    body,
    keepalive: true,
  });
export const shareVideo = (id: string, channel: string) =>
  call<{ share_count: number; share_url: string }>("POST", `videos/${id}/share`, { body: { channel } });
