import type { UploadPart, UploadStarted } from "../../api/types";
import { completeUpload, getStatus, getUpload } from "../../api/videos";
import { fingerprint } from "./checksum";
import { showSending } from "./job";
import { backoffMs, pause } from "./patience";
import { putRecord, type UploadRecord } from "./records";
import { SendError, sendBlob } from "./sendBlob";
import { sendParts } from "./sendParts";

const WHOLE_ATTEMPTS = 4;
const FIRST_WAIT_MS = 1_000;
const MAX_WAIT_MS = 15_000;

/** One PUT of the whole file; it completes by itself. Again from the start when the connection breaks. */
export async function sendWhole(
  title: string,
  started: UploadStarted,
  file: File,
  signal: AbortSignal,
): Promise<void> {
  const { video_id: videoId, upload_url: url, upload_headers: headers } = started;
  for (let attempt = 0; ; attempt++) {
    try {
      await showSending(title, videoId, file.size, (onSent) =>
        sendBlob(url, file, headers, onSent, signal),
      );
      return;
    } catch (error) {
      if (!(error instanceof SendError)) throw error;
      if (error.status >= 400 && error.status < 500) {
        // Refused, perhaps because the file did arrive and only the answer was lost.
        if ((await getStatus(videoId, signal)).status !== "uploading") return;
        throw error;
      }
      if (attempt + 1 >= WHOLE_ATTEMPTS) throw error;
      await pause(backoffMs(attempt, FIRST_WAIT_MS, MAX_WAIT_MS), signal);
    }
  }
}

/** Sends the parts that have no etag yet and completes the upload. */
export async function sendInParts(
  record: UploadRecord,
  file: File,
  partSizeBytes: number,
  parts: readonly UploadPart[],
  signal: AbortSignal,
): Promise<void> {
  const { title, videoId } = record;
  const sent = await showSending(title, videoId, file.size, (onSent) =>
    sendParts({ file, record, partSizeBytes, parts, onSent, signal }),
  );
  await completeUpload(videoId, sent);
}

/** Goes on where the server says an upload stands. Without a file, only completes what has arrived. */
export async function resumeInParts(
  record: UploadRecord,
  file: File | null,
  signal: AbortSignal,
): Promise<void> {
  const state = await getUpload(record.videoId, signal);
  if (state.status !== "uploading") return;
  if (file && state.part_size_bytes) {
    await sendInParts(record, file, state.part_size_bytes, state.parts, signal);
  } else {
    await completeUpload(record.videoId);
  }
}

/** Notes what a later visit needs to go on with this upload. */
export async function remember(
  facts: Pick<UploadRecord, "videoId" | "userId" | "title" | "handle">,
  file: File,
): Promise<UploadRecord> {
  const record: UploadRecord = {
    ...facts,
    fileName: file.name,
    sizeBytes: file.size,
    fingerprint: await fingerprint(file),
    checksums: {},
    startedAt: Date.now(),
  };
  await putRecord(record);
  return record;
}
