import { ApiError, apiErrorOf, UNREACHABLE } from "./problem";

const BASE = "/api/v1/";
const TIMEOUT_MS = 15_000;

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
export type Query = Record<string, string | number | null | undefined>;

export interface RequestOptions {
  query?: Query;
  /** A Blob is sent as it is with its own type, anything else as JSON. */
  body?: unknown;
  signal?: AbortSignal | undefined;
  /** The same key makes a repeat of a POST harmless. */
  idempotencyKey?: string;
  /** Lets the request outlive the page (at most 64 KiB of body). */
  keepalive?: boolean;
  timeoutMs?: number;
}

/** One HTTP exchange, without any knowledge of sign-in. Throws ApiError, or AbortError when `signal` fired. */
export async function fetchJson<T>(
  method: Method,
  path: string,
  options: RequestOptions,
  token: string | null,
): Promise<T> {
  const headers = new Headers({ Accept: "application/json" });
  if (token) headers.set("Authorization", `Bearer ${token}`);
  const { body, signal, idempotencyKey } = options;
  if (idempotencyKey) headers.set("Idempotency-Key", idempotencyKey);
  const timeout = AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS);
  const init: RequestInit = {
    method,
    headers,
    credentials: "same-origin",
    keepalive: options.keepalive ?? false,
    signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
  };
  if (body instanceof Blob) {
    headers.set("Content-Type", body.type);
    init.body = body;
  } else if (body !== undefined) {
    headers.set("Content-Type", "application/json");
    init.body = JSON.stringify(body);
  }
  const response = await send(BASE + path + queryString(options.query), init, signal);
  if (!response.ok) throw await apiErrorOf(response);
  if (response.status === 204) return undefined as T;
  return (await response.json()) as T;
}

async function send(url: string, init: RequestInit, signal: AbortSignal | undefined): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    // The caller's own abort is not a failure to show; everything else means that no answer came.
    if (signal?.aborted) throw error;
    throw new ApiError(UNREACHABLE, {});
  }
}

function queryString(query: Query | undefined): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== null && value !== undefined) params.set(name, String(value));
  }
  const text = params.toString();
  return text ? `?${text}` : "";
}
