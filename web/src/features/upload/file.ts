import type { UploadStart } from "../../api/types";
import { formatBytes } from "../../ui/format";

type ContentType = UploadStart["content_type"];

export const MAX_BYTES = 500 * 2 ** 20;

const TYPES: Record<string, ContentType> = {
  mp4: "video/mp4",
  m4v: "video/mp4",
  mov: "video/quicktime",
  avi: "video/x-msvideo",
};

export const ACCEPT = "video/mp4,video/quicktime,video/x-msvideo,.mp4,.m4v,.mov,.avi";

/** The content type by the file's name and the browser's opinion, or null for what Kinora doesn't take. */
export function contentTypeOf(file: File): ContentType | null {
  const declared = Object.values(TYPES).find((type) => type === file.type);
  return declared ?? TYPES[file.name.split(".").at(-1)?.toLowerCase() ?? ""] ?? null;
}

/** Why a file can't be taken, in words, or null. */
export function refusal(file: File): string | null {
  if (contentTypeOf(file) === null)
    return "That isn't a video Kinora takes. Choose an MP4, MOV or AVI file.";
  if (file.size === 0) return "That file is empty.";
  if (file.size > MAX_BYTES)
    return `That file has ${formatBytes(file.size)}. Up to 500 MB can be uploaded.`;
  return null;
}

/** "IMG_2041 beach-day.MOV" → "IMG 2041 beach day": a first title to improve on. */
export function titleFrom(name: string): string {
  return name
    .replace(/\.[^.]+$/, "")
    .replace(/[_-]+/g, " ")
    .trim()
    .slice(0, 150);
}
