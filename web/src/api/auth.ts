import { call } from "./client";
import { fetchJson } from "./fetchJson";
import { ApiError } from "./problem";
import { currentToken, dropToken, keepToken, withSessionLock } from "./token";
import type { AuthAnswer, ItemPage, Session } from "./types";

export interface Registration {
  username: string;
  email: string;
  password: string;
  display_name?: string;
}

/** The refresh token stays in an HttpOnly cookie (`transport: "cookie"`), out of reach of any script. */
function enter(path: string, body: object): Promise<AuthAnswer> {
  return withSessionLock(async () => {
    const answer = await fetchJson<AuthAnswer>(
      "POST",
      path,
      { body: { ...body, transport: "cookie" } },
      null,
    );
    keepToken(answer);
    return answer;
  });
}

export const register = (registration: Registration) => enter("auth/register", registration);
export const login = (name: string, password: string) => enter("auth/login", { login: name, password });

export async function logout(): Promise<void> {
  // The token first: renewing it takes the same lock, which can't be taken twice.
  const token = await currentToken();
  try {
    await withSessionLock(() => fetchJson<void>("POST", "auth/logout", { body: {} }, token));
  } catch (error) {
    // 401: the session was already over, which is what was asked for.
    if (!(error instanceof ApiError) || error.status !== 401) throw error;
  }
  dropToken();
}

export const listSessions = (cursor: string | null) =>
  call<ItemPage<Session>>("GET", "auth/sessions", { query: { cursor } });
export const endSession = (id: string) => call<void>("DELETE", `auth/sessions/${id}`);
export const endOtherSessions = () => call<void>("DELETE", "auth/sessions");
