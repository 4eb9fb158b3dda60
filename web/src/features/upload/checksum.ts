/** Base64 SHA-256 of a blob, as `x-amz-checksum-sha256` wants it. Needs a secure context. */
export async function sha256Base64(blob: Blob): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await blob.arrayBuffer()));
  return btoa(String.fromCharCode(...digest));
}

const SAMPLE_BYTES = 2 ** 20;

/** Tells whether a file picked after a reload is the one that was begun: size, first and last megabyte. */
export async function fingerprint(file: Blob): Promise<string> {
  const sample = new Blob([file.slice(0, SAMPLE_BYTES), file.slice(Math.max(0, file.size - SAMPLE_BYTES))]);
  return `${file.size}:${await sha256Base64(sample)}`;
}

export const canChecksum = () => crypto.subtle !== undefined;
