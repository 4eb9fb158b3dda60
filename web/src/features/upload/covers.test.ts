import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, it } from "vitest";
import type { Video } from "../../api/types";
import { coversOf, withCovers } from "./covers";
import { EditClipDialog } from "./EditClipDialog";

const PICTURES = ["/media/v/a1.0/0.jpg", "/media/v/a1.0/1.jpg", "/media/v/a1.0/2.jpg"];

const CARD: Video = {
  video_id: "vid_1",
  user: { user_id: "usr_1", username: "ana", display_name: "Ana", avatar_url: null, verified: false },
  title: "First light",
  description: "Over the river",
  category: "nature",
  hashtags: [],
  created_at: 1,
  published_at: 1,
  status: "active",
  visibility: "public",
  allow_comments: true,
  allow_duet: true,
  allow_stitch: true,
  width: 720,
  height: 1280,
  location: null,
  urls: { master: "/media/v/a1.0/master.m3u8" },
  thumbnail_url: "/media/v/a1.0/1.jpg",
  preview_sprite_url: null,
  preview_vtt_url: null,
  duration_sec: 10,
  stats: { views: 0, likes: 0, comments: 0, shares: 0, saves: 0 },
  user_interaction: { liked: false, saved: false, following: false },
  music: null,
};
const WHOLE: Video = { ...CARD, thumbnails: PICTURES };

const shown = (video: Video) =>
  renderToStaticMarkup(createElement(EditClipDialog, { video, onClose: () => {} }));

it("knows which picture is the cover", () => {
  expect(coversOf(WHOLE)).toEqual({ pictures: PICTURES, current: 1 });
  const unprocessed = { ...WHOLE, thumbnails: [], thumbnail_url: null };
  expect(coversOf(unprocessed)).toEqual({ pictures: [], current: -1 });
  expect(coversOf(CARD)).toBeNull();
});

it("asks for a clip that came without its covers, and for no other", async () => {
  const { signal } = new AbortController();
  const asked: [string, AbortSignal | undefined][] = [];
  const load = async (id: string, given?: AbortSignal) => {
    asked.push([id, given]);
    return WHOLE;
  };

  expect(await withCovers(WHOLE, signal, load)).toBe(WHOLE);
  expect(asked).toEqual([]);
  expect(await withCovers(CARD, signal, load)).toBe(WHOLE);
  expect(asked).toEqual([["vid_1", signal]]);
});

it("shows the other fields at once, whether or not the covers are there", () => {
  for (const [video, covers] of [
    [WHOLE, 3],
    [CARD, 0],
  ] as const) {
    const markup = shown(video);
    expect(markup).toContain('value="First light"');
    expect(markup).toContain("Over the river");
    expect(markup.match(/type="radio"[^>]* name="cover"/g) ?? []).toHaveLength(covers);
    expect(markup.includes("Loading the cover pictures")).toBe(covers === 0);
  }
});
