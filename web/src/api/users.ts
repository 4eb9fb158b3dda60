import { call } from "./client";
import type { ItemPage, Me, Profile, Video, VideoPage } from "./types";
import { rememberVideos } from "./videoCache";

export interface ProfileEdit {
  display_name?: string;
  bio?: string;
  country?: string | null;
}

/** `who` is a user id or `@name`. */
export const getProfile = (who: string, signal?: AbortSignal) =>
  call<Profile>("GET", `users/${encodeURIComponent(who).replace("%40", "@")}`, { signal });
export const editMe = (edit: ProfileEdit) => call<Me>("PATCH", "users/me", { body: edit });
export const putAvatar = (image: Blob) =>
  call<Me>("PUT", "users/me/avatar", { body: image, timeoutMs: 60_000 });
export const deleteAvatar = () => call<Me>("DELETE", "users/me/avatar");

export async function listUserVideos(userId: string, cursor: string | null): Promise<VideoPage> {
  const page = await call<VideoPage>("GET", `users/${userId}/videos`, { query: { cursor, limit: 24 } });
  rememberVideos(page.videos);
  return page;
}

export type MyList = "likes" | "saves" | "history";

export async function listMine(list: MyList, cursor: string | null): Promise<ItemPage<Video>> {
  const page = await call<ItemPage<Video>>("GET", `users/me/${list}`, { query: { cursor, limit: 24 } });
  rememberVideos(page.items);
  return page;
}
