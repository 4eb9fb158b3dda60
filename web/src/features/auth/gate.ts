import { createStore } from "../../api/store";
import { currentUserId } from "./session";

/** Why a visitor is being asked to sign in, or null while nobody asks. */
export const gate = createStore<string | null>(null);

/** True for a member; a visitor gets the sign-in dialog, with the reason as its heading. */
export function requireMember(reason: string): boolean {
  if (currentUserId()) return true;
  gate.set(reason);
  return false;
}
