import { type FormEvent, useState } from "react";
import { type ApiError, asApiError } from "../../api/problem";

/** The life of a form: one submission at a time, its error in words and by field. */
export function useSubmit(submit: () => Promise<void>) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);

  async function onSubmit(event: FormEvent): Promise<void> {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setError(null);
    try {
      await submit();
    } catch (caught) {
      setError(asApiError(caught));
    } finally {
      setBusy(false);
    }
  }

  const fields = error?.fields ?? {};
  /** The sentence for the whole form: only when no field can carry it. */
  const message = error && Object.keys(fields).length === 0 ? error.message : null;
  return { onSubmit, busy, fields, message };
}
