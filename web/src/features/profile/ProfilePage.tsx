import { useCallback, useState } from "react";
import type { Profile } from "../../api/types";
import { useLoad } from "../../api/useLoad";
import { getProfile } from "../../api/users";
import { ButtonLink } from "../../ui/Button";
import { Empty, Failed } from "../../ui/States";
import { useTitle } from "../../ui/useTitle";
import { useSession } from "../auth/session";
import { ClipGrid } from "./ClipGrid";
import { type GridKind, GridTabs } from "./GridTabs";
import { ProfileHeader } from "./ProfileHeader";
import styles from "./ProfilePage.module.css";
import { ProfileSkeleton } from "./ProfileSkeleton";

/** `/@name`. */
export function ProfilePage({ name }: { name: string }) {
  const session = useSession();
  const viewer = session.status === "member" ? session.me.user_id : null;
  // biome-ignore lint/correctness/useExhaustiveDependencies: somebody else signed in sees another profile
  const load = useCallback((signal: AbortSignal) => getProfile(`@${name}`, signal), [name, viewer]);
  const { state, retry, set } = useLoad(load);
  useTitle(state.status === "ready" ? `${state.value.display_name} (@${name})` : `@${name}`);

  return (
    <div className={styles.page}>
      {state.status === "loading" && <ProfileSkeleton />}
      {state.status === "failed" &&
        (state.error.status === 404 ? (
          <Empty
            icon="person"
            title="Nobody here by that name"
            action={<ButtonLink href="/">Back to the clips</ButtonLink>}
          >
            @{name} doesn't exist, or isn't visible to you.
          </Empty>
        ) : (
          <Failed error={state.error} onRetry={retry} />
        ))}
      {state.status === "ready" && (
        <Loaded key={state.value.user_id} profile={state.value} onChange={set} />
      )}
    </div>
  );
}

function Loaded({ profile, onChange }: { profile: Profile; onChange: (profile: Profile) => void }) {
  const session = useSession();
  const own = session.status === "member" && session.me.user_id === profile.user_id;
  const [kind, setKind] = useState<GridKind>("clips");

  return (
    <>
      <ProfileHeader profile={profile} own={own} onChange={onChange} />
      {profile.viewer?.blocked ? (
        <Empty icon="lock" title={`You blocked @${profile.username}`}>
          Neither of you sees what the other does. Unblock to change that.
        </Empty>
      ) : (
        <>
          {own && <GridTabs kind={kind} onKind={setKind} />}
          <ClipGrid key={kind} kind={kind} userId={profile.user_id} own={own} />
        </>
      )}
    </>
  );
}
