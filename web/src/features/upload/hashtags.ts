export const MAX_HASHTAGS = 10;

const TAG = /#([\p{L}\p{N}_]{1,50})/gu;

/** The distinct hashtags of a text in their order, lower case, without the sign. */
export function hashtagsOf(text: string): string[] {
  return [...new Set(Array.from(text.matchAll(TAG), (match) => (match[1] ?? "").toLowerCase()))];
}
