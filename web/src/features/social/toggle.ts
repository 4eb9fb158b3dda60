import { asApiError } from "../../api/problem";
import { toast } from "../../ui/toast";

const turns = new Map<string, number>();

interface Toggle {
  /** What is toggled, e.g. `like:vid_…`: of several quick presses only the last one's answer is shown. */
  key: string;
  on: boolean;
  /** Puts the new state on the screen; `count` is null while only our own step is known. */
  show: (on: boolean, count: number | null) => void;
  send: () => Promise<number>;
}

/** Shows the change at once, sends it, then shows the server's count, or takes the change back with a message. */
export async function toggle({ key, on, show, send }: Toggle): Promise<void> {
  const turn = (turns.get(key) ?? 0) + 1;
  turns.set(key, turn);
  show(on, null);
  try {
    const count = await send();
    if (turns.get(key) === turn) show(on, count);
  } catch (error) {
    if (turns.get(key) !== turn) return;
    show(!on, null);
    toast(asApiError(error).message, "error");
  } finally {
    if (turns.get(key) === turn) turns.delete(key);
  }
}

/** The count to show: the server's, or the old one moved by our own step. */
export function stepped(count: number, was: boolean, on: boolean, known: number | null): number {
  if (known !== null) return known;
  return was === on ? count : Math.max(0, count + (on ? 1 : -1));
}
