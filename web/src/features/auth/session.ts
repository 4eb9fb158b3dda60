import { login, logout, type Registration, register } from "../../api/auth";
import { type ApiError, asApiError } from "../../api/problem";
import { createStore, useStore } from "../../api/store";
import { dropToken, refreshSession, whenSessionEnds } from "../../api/token";
import type { AuthAnswer, Me } from "../../api/types";
import { clearVideos } from "../../api/videoCache";
import { readPreference, writePreference } from "../../ui/preferences";

export type SessionState =
  | { status: "restoring" }
  | { status: "unreachable"; error: ApiError }
  | { status: "visitor" }
  | { status: "member"; me: Me };

/** Only says that the HttpOnly cookie probably exists, so that visitors cause no refused refresh. */
const HINT = "member";

const session = createStore<SessionState>({ status: "restoring" });
const listeners = new Set<() => void>();
const otherTabs = new BroadcastChannel("kinora-session");

/** Runs whenever somebody signs in or out: personal caches must be emptied then. */
export function onSessionChange(listener: () => void): void {
  listeners.add(listener);
}

export const useSession = () => useStore(session);
export const currentUserId = () => {
  const state = session.get();
  return state.status === "member" ? state.me.user_id : null;
};

function become(state: SessionState): void {
  const before = currentUserId();
  session.set(state);
  if (currentUserId() === before) return;
  clearVideos();
  for (const listener of listeners) listener();
}

function enter(answer: AuthAnswer): void {
  writePreference(HINT, "1");
  become({ status: "member", me: answer.user });
}

function leave(): void {
  dropToken();
  writePreference(HINT, null);
  become({ status: "visitor" });
}

/** Called once at start, and again by the retry button when the server could not be asked. */
export async function restoreSession(): Promise<void> {
  if (!readPreference(HINT)) return become({ status: "visitor" });
  session.set({ status: "restoring" });
  try {
    const answer = await refreshSession();
    if (answer) enter(answer);
    else leave();
  } catch (error) {
    session.set({ status: "unreachable", error: asApiError(error) });
  }
}

export async function signIn(name: string, password: string): Promise<void> {
  enter(await login(name, password));
  otherTabs.postMessage(currentUserId());
}

export async function signUp(registration: Registration): Promise<void> {
  enter(await register(registration));
  otherTabs.postMessage(currentUserId());
}

export async function signOut(): Promise<void> {
  await logout();
  leave();
  otherTabs.postMessage(null);
}

export function updateMe(me: Me): void {
  if (currentUserId() === me.user_id) session.set({ status: "member", me });
}

whenSessionEnds(leave);

otherTabs.onmessage = ({ data: userId }: MessageEvent<string | null>) => {
  if (userId === currentUserId()) return;
  if (userId === null) leave();
  else void restoreSession();
};
