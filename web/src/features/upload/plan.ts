import type { CompletedPart, UploadPart } from "../../api/types";

/** A slice of the file: bytes `start` (included) to `end` (excluded). `number` counts from 1. */
export interface Slice {
  readonly number: number;
  readonly start: number;
  readonly end: number;
}

/** Cuts `sizeBytes` into parts of `partSizeBytes`, the last one shorter. */
export function slicesOf(sizeBytes: number, partSizeBytes: number): Slice[] {
  if (!(partSizeBytes > 0)) throw new RangeError(`part size ${partSizeBytes}`);
  const count = Math.ceil(sizeBytes / partSizeBytes);
  return Array.from({ length: count }, (_, index) => ({
    number: index + 1,
    start: index * partSizeBytes,
    end: Math.min(sizeBytes, (index + 1) * partSizeBytes),
  }));
}

/** Part number → base64 SHA-256, as far as this browser has computed them. */
export type Checksums = Readonly<Record<number, string>>;

export interface Remaining {
  readonly done: readonly CompletedPart[];
  readonly missing: readonly Slice[];
  /** Bytes that need not be sent again. */
  readonly doneBytes: number;
}

/**
 * What is left to send, by the server's list of parts: only an etag counts as arrived. Throws RangeError when that
 * list does not fit a file of this size, because then it is not the file that was begun.
 */
export function remainingOf(
  sizeBytes: number,
  partSizeBytes: number,
  parts: readonly UploadPart[],
  checksums: Checksums,
): Remaining {
  const slices = slicesOf(sizeBytes, partSizeBytes);
  if (parts.length !== slices.length) throw new RangeError("The file has a different size");
  const byNumber = new Map(parts.map((part) => [part.number, part]));
  const done: CompletedPart[] = [];
  const missing: Slice[] = [];
  let doneBytes = 0;
  for (const slice of slices) {
    const etag = byNumber.get(slice.number)?.etag;
    if (!etag) {
      missing.push(slice);
      continue;
    }
    doneBytes += slice.end - slice.start;
    const checksum = checksums[slice.number];
    done.push({ number: slice.number, etag, ...(checksum ? { checksum_sha256: checksum } : {}) });
  }
  return { done, missing, doneBytes };
}
