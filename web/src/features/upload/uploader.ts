import { asApiError } from "../../api/problem";
import type { UploadStarted } from "../../api/types";
import { deleteVideo, retryProcessing, startUpload } from "../../api/videos";
import { currentUserId, onSessionChange } from "../auth/session";
import { canChecksum } from "./checksum";
import { type Details, wireDetails } from "./details";
import { contentTypeOf } from "./file";
import { showProcessing, uploadJob } from "./job";
import type { Probe } from "./probe";
import { dropRecord, getRecord, type UploadRecord } from "./records";
import { SendError } from "./sendBlob";
import { remember, resumeInParts, sendInParts, sendWhole } from "./sending";

export interface Chosen {
  file: File;
  handle: FileSystemFileHandle | null;
  probe: Probe;
  thumbnailAtMs: number | null;
}

type Send = (signal: AbortSignal) => Promise<void>;

let abort = new AbortController();

/** Rejects (ApiError) only while nothing has begun, so that the form can show what to correct. */
export async function beginUpload(chosen: Chosen, details: Details): Promise<void> {
  const { file, probe, thumbnailAtMs } = chosen;
  const before = uploadJob.get();
  const title = details.title.trim();
  uploadJob.set({ phase: "starting", title });
  try {
    const started = await startUpload({
      ...wireDetails(details),
      duration_sec: probe.durationSec,
      file_size_bytes: file.size,
      width: probe.width,
      height: probe.height,
      content_type: contentTypeOf(file) ?? "video/mp4",
      ...(thumbnailAtMs === null ? {} : { thumbnail_at_ms: thumbnailAtMs }),
    });
    abort = new AbortController();
    if (started.upload && canChecksum()) runInParts(title, started, chosen);
    else void run(title, started.video_id, (signal) => sendWhole(title, started, file, signal));
  } catch (error) {
    uploadJob.set(before);
    throw asApiError(error);
  }
}

function runInParts(
  title: string,
  { video_id: videoId, upload }: UploadStarted,
  { file, handle }: Chosen,
): void {
  const begin: Send = async (signal) => {
    const record = await remember({ videoId, userId: currentUserId() ?? "", title, handle }, file);
    const parts = (upload?.parts ?? []).map((part) => ({ ...part, size_bytes: 0, etag: null }));
    await sendInParts(record, file, upload?.part_size_bytes ?? 0, parts, signal);
  };
  const goOn: Send = async (signal) => {
    const record = await getRecord(videoId);
    if (record) await resumeInParts(record, file, signal);
  };
  void run(title, videoId, begin, goOn);
}

/** Goes on with an upload of an earlier visit. `file` may be null when everything had arrived already. */
export function resumeUpload(record: UploadRecord, file: File | null): void {
  abort = new AbortController();
  void run(record.title, record.videoId, (signal) => resumeInParts(record, file, signal));
}

/** Stops sending and takes the clip back. */
export async function cancelUpload(): Promise<void> {
  const job = uploadJob.get();
  abort.abort();
  uploadJob.set({ phase: "none" });
  if ("videoId" in job) await discardUpload(job.videoId);
}

/** Forgets an unfinished upload, here and on the server. */
export async function discardUpload(videoId: string): Promise<void> {
  await dropRecord(videoId);
  await deleteVideo(videoId);
}

export function dismissUpload(): void {
  uploadJob.set({ phase: "none" });
}

/** Sends, then follows the processing. When it fails, `again` is what pressing "try again" does. */
async function run(title: string, videoId: string, send: Send, again = send): Promise<void> {
  const { signal } = abort;
  const repeat = (what: Send) => () => void run(title, videoId, what);
  try {
    await send(signal);
    await dropRecord(videoId);
    await showProcessing(
      title,
      videoId,
      signal,
      repeat(() => retryProcessing(videoId).then(() => undefined)),
    );
  } catch (error) {
    if (signal.aborted) return;
    const reason =
      error instanceof SendError
        ? `${error.message}. What has arrived is kept.`
        : asApiError(error).message;
    uploadJob.set({ phase: "failed", title, videoId, reason, again: repeat(again) });
  }
}

// An upload belongs to whoever began it; it can be resumed when they come back.
onSessionChange(() => {
  abort.abort();
  uploadJob.set({ phase: "none" });
});
