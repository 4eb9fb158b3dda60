import { asApiError } from "../../api/problem";
import type { UploadPart, UploadStarted } from "../../api/types";
import {
  completeUpload,
  deleteVideo,
  getStatus,
  getUpload,
  retryProcessing,
  startUpload,
} from "../../api/videos";
import { currentUserId, onSessionChange } from "../auth/session";
import { canChecksum, fingerprint } from "./checksum";
import { type Details, wireDetails } from "./details";
import { contentTypeOf } from "./file";
import { showProcessing, showSending, uploadJob } from "./job";
import { backoffMs, pause } from "./patience";
import type { Probe } from "./probe";
import { dropRecord, getRecord, putRecord, type UploadRecord } from "./records";
import { SendError, sendBlob } from "./sendBlob";
import { sendParts } from "./sendParts";

const WHOLE_ATTEMPTS = 4;

let abort = new AbortController();

export interface Chosen {
  file: File;
  handle: FileSystemFileHandle | null;
  probe: Probe;
  thumbnailAtMs: number | null;
}

/** Rejects (ApiError) only while nothing has begun, so that the form can show what to correct. */
export async function beginUpload(
  { file, handle, probe, thumbnailAtMs }: Chosen,
  details: Details,
): Promise<void> {
  const before = uploadJob.get();
  const title = details.title.trim();
  abort = new AbortController();
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
    if (started.upload && canChecksum()) void begunInParts(title, started, file, handle);
    else void run(title, started.video_id, () => sendWhole(title, started, file));
  } catch (error) {
    uploadJob.set(before);
    throw asApiError(error);
  }
}

async function begunInParts(
  title: string,
  started: UploadStarted,
  file: File,
  handle: FileSystemFileHandle | null,
): Promise<void> {
  const { video_id: videoId, upload } = started;
  const resume = async () => resumeInParts(await getRecord(videoId), file);
  await run(
    title,
    videoId,
    async () => {
      const record = await remember(videoId, title, file, handle);
      const parts = (upload?.parts ?? []).map((part) => ({ ...part, size_bytes: 0, etag: null }));
      await sendInParts(record, file, upload?.part_size_bytes ?? 0, parts);
    },
    resume,
  );
}

/** Goes on with an upload of an earlier visit. `file` may be null when everything had arrived already. */
export function resumeUpload(record: UploadRecord, file: File | null): void {
  abort = new AbortController();
  void run(record.title, record.videoId, () => resumeInParts(record, file));
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

/** Sends, then follows the processing. When sending fails, `again` is what the person may press. */
async function run(title: string, videoId: string, send: () => Promise<void>, again = send): Promise<void> {
  const { signal } = abort;
  try {
    await send();
    await dropRecord(videoId);
    await showProcessing(
      title,
      videoId,
      signal,
      () => void run(title, videoId, () => processAgain(videoId)),
    );
  } catch (error) {
    if (signal.aborted) return;
    const reason =
      error instanceof SendError
        ? `${error.message}. What has arrived is kept.`
        : asApiError(error).message;
    uploadJob.set({
      phase: "failed",
      title,
      videoId,
      reason,
      again: () => void run(title, videoId, again),
    });
  }
}

async function processAgain(videoId: string): Promise<void> {
  await retryProcessing(videoId);
}

async function remember(
  videoId: string,
  title: string,
  file: File,
  handle: FileSystemFileHandle | null,
): Promise<UploadRecord> {
  const record: UploadRecord = {
    videoId,
    userId: currentUserId() ?? "",
    title,
    fileName: file.name,
    sizeBytes: file.size,
    fingerprint: await fingerprint(file),
    checksums: {},
    handle,
    startedAt: Date.now(),
  };
  await putRecord(record);
  return record;
}

async function resumeInParts(record: UploadRecord | null, file: File | null): Promise<void> {
  if (!record) return;
  const state = await getUpload(record.videoId, abort.signal);
  if (state.status !== "uploading") return;
  if (file && state.part_size_bytes) await sendInParts(record, file, state.part_size_bytes, state.parts);
  else await completeUpload(record.videoId);
}

async function sendInParts(
  record: UploadRecord,
  file: File,
  partSizeBytes: number,
  parts: readonly UploadPart[],
): Promise<void> {
  const { title, videoId } = record;
  const sent = await showSending(title, videoId, file.size, (onSent) =>
    sendParts({ file, record, partSizeBytes, parts, onSent, signal: abort.signal }),
  );
  await completeUpload(videoId, sent);
}

/** One PUT of the whole file; it completes by itself. Again from the start when the connection breaks. */
async function sendWhole(title: string, started: UploadStarted, file: File): Promise<void> {
  const { video_id: videoId, upload_url: url, upload_headers: headers } = started;
  const { signal } = abort;
  for (let attempt = 0; ; attempt++) {
    try {
      await showSending(title, videoId, file.size, (onSent) =>
        sendBlob(url, file, headers, onSent, signal),
      );
      return;
    } catch (error) {
      if (!(error instanceof SendError)) throw error;
      // Refused, perhaps because the file did arrive and only the answer was lost.
      if (
        error.status >= 400 &&
        error.status < 500 &&
        (await getStatus(videoId, signal)).status !== "uploading"
      )
        return;
      if (error.status >= 400 && error.status < 500) throw error;
      if (attempt + 1 >= WHOLE_ATTEMPTS) throw error;
      await pause(backoffMs(attempt, 1_000, 15_000), signal);
    }
  }
}

// An upload belongs to whoever began it; it can be resumed when they come back.
onSessionChange(() => {
  abort.abort();
  uploadJob.set({ phase: "none" });
});
