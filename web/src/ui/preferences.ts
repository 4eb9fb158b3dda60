/**
 * Small remembered choices. Storage may be switched off in the browser: then a choice lasts as long as the page,
 * which is all that can be done.
 */
const fallback = new Map<string, string>();

export function readPreference(name: string): string | null {
  try {
    return localStorage.getItem(`kinora.${name}`);
  } catch {
    return fallback.get(name) ?? null;
  }
}

export function writePreference(name: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(`kinora.${name}`);
    else localStorage.setItem(`kinora.${name}`, value);
  } catch {
    if (value === null) fallback.delete(name);
    else fallback.set(name, value);
  }
}
