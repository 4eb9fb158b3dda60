/** A PUT that did not end with a 2xx. Status 0: no answer (network, stall). */
export class SendError extends Error {
  readonly status: number;

  constructor(status: number) {
    super(status === 0 ? "The connection broke" : `The upload was refused (${status})`);
    this.name = "SendError";
    this.status = status;
  }
}

/** Without a byte moving for this long, the connection counts as broken. */
const STALL_MS = 30_000;

/**
 * PUTs a blob and resolves to its ETag. XMLHttpRequest, because fetch tells nothing about how much has been sent.
 * Rejects with SendError, or with the signal's reason when aborted.
 */
export function sendBlob(
  url: string,
  blob: Blob,
  headers: Record<string, string>,
  onSent: (bytes: number) => void,
  signal: AbortSignal,
): Promise<string | null> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const request = new XMLHttpRequest();
    let stall: ReturnType<typeof setTimeout>;
    const watch = () => {
      clearTimeout(stall);
      stall = setTimeout(() => request.abort(), STALL_MS);
    };
    const onAbort = () => request.abort();
    signal.addEventListener("abort", onAbort);
    request.upload.onprogress = (event) => {
      watch();
      onSent(event.loaded);
    };
    request.onloadend = () => {
      clearTimeout(stall);
      signal.removeEventListener("abort", onAbort);
      if (signal.aborted) reject(signal.reason);
      else if (request.status >= 200 && request.status < 300) resolve(request.getResponseHeader("ETag"));
      else reject(new SendError(request.status));
    };
    request.open("PUT", url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    watch();
    request.send(blob);
  });
}
