const CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const RANDOM_CHARS = 16;
const TIME_CHARS = 10;

/** A fresh key for `Idempotency-Key`; unlike randomUUID it needs no secure context. */
export function newIdempotencyKey(): string {
  return newEventId().slice("evt_".length);
}

/** `evt_` + 26 Crockford base32 characters in ULID layout: 48 bits of ms, 80 random bits. 30 ASCII characters. */
export function newEventId(now = Date.now()): string {
  let time = "";
  for (let left = now, i = 0; i < TIME_CHARS; i++, left = Math.floor(left / 32)) {
    time = CROCKFORD.charAt(left % 32) + time;
  }
  const bytes = crypto.getRandomValues(new Uint8Array(RANDOM_CHARS));
  return `evt_${time}${Array.from(bytes, (byte) => CROCKFORD.charAt(byte % 32)).join("")}`;
}

let lastOpSeq = 0;

/** Rises with every toggle of this client; the server ignores a toggle that arrives behind a newer one. */
export function nextOpSeq(): number {
  lastOpSeq = Math.max(lastOpSeq + 1, Date.now());
  return lastOpSeq;
}
