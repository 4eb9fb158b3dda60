import type { CompletedPart, UploadPart } from "../../api/types";
import { getUpload } from "../../api/videos";
import { sha256Base64 } from "./checksum";
import { backoffMs, pause } from "./patience";
import { remainingOf, type Slice } from "./plan";
import { addChecksum, type UploadRecord } from "./records";
import { SendError, sendBlob } from "./sendBlob";

const LANES = 3;
const MAX_ATTEMPTS = 6;
const FIRST_WAIT_MS = 500;
const MAX_WAIT_MS = 15_000;

interface Sending {
  file: Blob;
  record: UploadRecord;
  partSizeBytes: number;
  parts: readonly UploadPart[];
  onSent: (bytes: number) => void;
  signal: AbortSignal;
}

/**
 * Sends what the server still lacks, a few parts at a time, each with its checksum and its own retries, and resolves
 * to the complete list. What arrived stays arrived: after a failure the same call goes on from there.
 */
export async function sendParts(sending: Sending): Promise<CompletedPart[]> {
  const { file, record, partSizeBytes, parts, onSent, signal } = sending;
  const { done, missing, doneBytes } = remainingOf(file.size, partSizeBytes, parts, record.checksums);
  const urls = new PartUrls(record.videoId, parts);
  const sentByPart = new Map<number, number>();
  const completed = [...done];
  const queue = [...missing];
  const failure = new AbortController();
  const stop = AbortSignal.any([signal, failure.signal]);
  onSent(doneBytes);

  async function lane(): Promise<void> {
    for (let slice = queue.shift(); slice; slice = queue.shift()) {
      const { number } = slice;
      const report = (bytes: number) => {
        sentByPart.set(number, bytes);
        onSent(doneBytes + [...sentByPart.values()].reduce((sum, part) => sum + part, 0));
      };
      completed.push(await sendPart(slice, file, record.videoId, urls, report, stop));
    }
  }
  try {
    await Promise.all(Array.from({ length: LANES }, lane));
  } catch (error) {
    failure.abort(error);
    throw error;
  }
  return completed.sort((a, b) => a.number - b.number);
}

async function sendPart(
  slice: Slice,
  file: Blob,
  videoId: string,
  urls: PartUrls,
  report: (bytes: number) => void,
  signal: AbortSignal,
): Promise<CompletedPart> {
  const blob = file.slice(slice.start, slice.end);
  const checksum = await sha256Base64(blob);
  await addChecksum(videoId, slice.number, checksum);
  for (let attempt = 0; ; attempt++) {
    try {
      const url = await urls.of(slice.number, signal);
      const etag = await sendBlob(url, blob, { "x-amz-checksum-sha256": checksum }, report, signal);
      report(blob.size);
      return {
        number: slice.number,
        etag: etag ?? (await urls.etagOf(slice.number, signal)),
        checksum_sha256: checksum,
      };
    } catch (error) {
      if (!(error instanceof SendError) || attempt + 1 >= MAX_ATTEMPTS) throw error;
      report(0);
      // Refused: the address has expired, or the part arrived and only its answer was lost. Ask anew.
      if (error.status >= 400 && error.status < 500) urls.forget();
      await pause(backoffMs(attempt, FIRST_WAIT_MS, MAX_WAIT_MS), signal);
    }
  }
}

/** The signed address of each part, fetched again when they have expired. */
class PartUrls {
  private known: ReadonlyMap<number, UploadPart>;
  private readonly videoId: string;

  constructor(videoId: string, parts: readonly UploadPart[]) {
    this.videoId = videoId;
    this.known = new Map(parts.map((part) => [part.number, part]));
  }

  forget(): void {
    this.known = new Map();
  }

  async of(number: number, signal: AbortSignal): Promise<string> {
    const url = this.known.get(number)?.url ?? (await this.fresh(number, signal))?.url;
    if (!url) throw new SendError(0);
    return url;
  }

  async etagOf(number: number, signal: AbortSignal): Promise<string> {
    const etag = (await this.fresh(number, signal))?.etag;
    if (!etag) throw new SendError(0);
    return etag;
  }

  private async fresh(number: number, signal: AbortSignal): Promise<UploadPart | undefined> {
    const { parts } = await getUpload(this.videoId, signal);
    this.known = new Map(parts.map((part) => [part.number, part]));
    return this.known.get(number);
  }
}
