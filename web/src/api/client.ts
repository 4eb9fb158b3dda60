import { fetchJson, type Method, type RequestOptions } from "./fetchJson";
import { ApiError } from "./problem";
import { currentToken, renewOrEnd } from "./token";

/** One API call as the signed-in person (or a visitor); a token that died meanwhile is renewed once. */
export async function call<T>(method: Method, path: string, options: RequestOptions = {}): Promise<T> {
  const token = await currentToken();
  try {
    return await fetchJson<T>(method, path, options, token);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401 || !token) throw error;
    const renewed = await renewOrEnd();
    if (!renewed) throw error;
    return fetchJson<T>(method, path, options, renewed);
  }
}
