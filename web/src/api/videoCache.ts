import { useCallback, useSyncExternalStore } from "react";
import type { Video } from "./types";

/**
 * The newest known card of each video, so that a like shows the same on every screen. Lists keep their own cards:
 * what falls out of this bounded cache is still shown, only without later changes.
 */
const MAX_CARDS = 2_000;

const cards = new Map<string, Video>();
const listeners = new Set<() => void>();

function announce(): void {
  for (const listener of [...listeners]) listener();
}

export function rememberVideos(videos: readonly Video[]): void {
  for (const video of videos) {
    cards.delete(video.video_id);
    cards.set(video.video_id, video);
  }
  // A Map iterates in insertion order: the first key is the one not seen for longest.
  for (const oldest of cards.keys()) {
    if (cards.size <= MAX_CARDS) break;
    cards.delete(oldest);
  }
  announce();
}

export function patchVideo(videoId: string, change: (video: Video) => Video): void {
  const card = cards.get(videoId);
  if (!card) return;
  cards.set(videoId, change(card));
  announce();
}

/** Following concerns every card of that creator. */
export function patchFollowing(userId: string, following: boolean): void {
  for (const [id, card] of cards) {
    if (card.user.user_id !== userId || card.user_interaction.following === following) continue;
    cards.set(id, { ...card, user_interaction: { ...card.user_interaction, following } });
  }
  announce();
}

export function clearVideos(): void {
  cards.clear();
  announce();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The newest state of a card that a list has shown. */
export function useVideo(card: Video): Video {
  const newest = useCallback(() => cards.get(card.video_id) ?? card, [card]);
  return useSyncExternalStore(subscribe, newest);
}
