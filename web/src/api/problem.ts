import type { Problem } from "./types";

/** Status used when no answer arrived at all: offline, refused, or timed out. */
export const UNREACHABLE = 0;

/** An error answer of the API (or no answer: status 0), with the words to show for it. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  /** Field name → sentence, from the problem's `errors[].pointer`. */
  readonly fields: Readonly<Record<string, string>>;
  readonly retryAfterS: number | null;

  constructor(status: number, problem: Problem, retryAfterS: number | null = null) {
    super(sentence(status, problem, retryAfterS));
    this.name = "ApiError";
    this.status = status;
    this.code = problem.code ?? "";
    this.fields = fieldsOf(problem);
    this.retryAfterS = retryAfterS;
  }
}

function sentence(status: number, problem: Problem, retryAfterS: number | null): string {
  if (status === UNREACHABLE) return "Kinora can't be reached. Check your connection and try again.";
  if (status === 429) {
    return retryAfterS === null
      ? "That was a little too fast. Try again in a moment."
      : `That was a little too fast. Try again in ${waitWords(retryAfterS)}.`;
  }
  if (status >= 500) return "Something is busy on our side. Try again in a moment.";
  return problem.detail ?? problem.title ?? "That didn't work.";
}

function waitWords(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.ceil(seconds))} s`;
  return `${Math.ceil(seconds / 60)} min`;
}

function fieldsOf(problem: Problem): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const { pointer, detail } of problem.errors ?? []) {
    const name = pointer.replace(/^#?\//, "").split("/")[0] ?? "";
    if (name && !(name in fields)) fields[name] = detail;
  }
  return fields;
}

/** Reads an error response; a body that is no problem document still gives a sensible sentence. */
export async function apiErrorOf(response: Response): Promise<ApiError> {
  const retryAfter = Number(response.headers.get("Retry-After") ?? Number.NaN);
  const problem = await response.json().then(
    (body: unknown) => (typeof body === "object" && body !== null ? (body as Problem) : {}),
    () => ({}),
  );
  return new ApiError(response.status, problem, Number.isFinite(retryAfter) ? retryAfter : null);
}

/** Any thrown value as an ApiError, so that screens handle one kind. Aborts must be filtered out before. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof TypeError || error instanceof DOMException) return new ApiError(UNREACHABLE, {});
  return new ApiError(UNREACHABLE, { detail: String(error) });
}
