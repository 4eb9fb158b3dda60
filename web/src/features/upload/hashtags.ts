export const MAX_HASHTAGS = 10;

const TAG = /#([\p{L}\p{N}][\p{L}\p{N}\p{M}_]{0,49})/gu;

/** The distinct hashtags of a text in their order, lower case, without the sign. */
export function hashtagsOf(text: string): string[] {
  return [...new Set(Array.from(text.matchAll(TAG), (match) => (match[1] ?? "").toLowerCase()))];
}
