import { fetchJson } from "./fetchJson";
import { ApiError } from "./problem";
import type { AuthAnswer } from "./types";

/**
 * The access token lives in this module's memory and nowhere else. The refresh token is an HttpOnly cookie that
 * all tabs share and that rotates with every use, so two refreshes at once would look like a stolen token: within a
 * tab they are one promise, across tabs they queue on a Web Lock.
 */

const LOCK = "kinora-session";
const LOCK_WAIT_MS = 10_000;
/** Renew this long before expiry, so that no request starts with a token about to die. */
const MARGIN_MS = 30_000;

let access: { token: string; expiresAt: number } | null = null;
let refreshing: Promise<AuthAnswer | null> | null = null;
let onEnded: () => void = () => {};

export function whenSessionEnds(listener: () => void): void {
  onEnded = listener;
}

export function keepToken(answer: AuthAnswer): void {
  access = { token: answer.access_token, expiresAt: Date.now() + answer.expires_in * 1000 };
}

export function dropToken(): void {
  access = null;
}

export function hasToken(): boolean {
  return access !== null;
}

/** Runs `work` while no other tab changes the session cookie. Web Locks need a secure context. */
export function withSessionLock<T>(work: () => Promise<T>): Promise<T> {
  if (!navigator.locks) return work();
  return navigator.locks.request(LOCK, { signal: AbortSignal.timeout(LOCK_WAIT_MS) }, work) as Promise<T>;
}

/**
 * A fresh session answer from the cookie, or null when there is no live session.
 * Throws ApiError when the server could not be asked: that is no sign-out.
 */
export function refreshSession(): Promise<AuthAnswer | null> {
  refreshing ??= withSessionLock(refreshOnce).finally(() => {
    refreshing = null;
  });
  return refreshing;
}

async function refreshOnce(): Promise<AuthAnswer | null> {
  try {
    // keepalive: a reload in mid-flight must not lose the answer's rotated cookie.
    const answer = await fetchJson<AuthAnswer>("POST", "auth/refresh", { body: {}, keepalive: true }, null);
    keepToken(answer);
    return answer;
  } catch (error) {
    if (error instanceof ApiError && error.status >= 400 && error.status < 500 && error.status !== 429) {
      dropToken();
      return null;
    }
    throw error;
  }
}

/** The token to send: null for a visitor, renewed first when it is about to expire. */
export async function currentToken(): Promise<string | null> {
  if (access && access.expiresAt - MARGIN_MS < Date.now()) await renewOrEnd();
  return access?.token ?? null;
}

/** After a 401: one renewal. Returns the new token, or null after telling the app that the session is over. */
export async function renewOrEnd(): Promise<string | null> {
  const answer = await refreshSession();
  if (!answer) onEnded();
  return answer?.access_token ?? null;
}
