import { lazy, Suspense } from "react";
import { Route, Switch } from "wouter";
import { AuthDialog } from "./features/auth/AuthDialog";
import { AuthPage } from "./features/auth/AuthPage";
import { restoreSession, useSession } from "./features/auth/session";
import { FeedPage } from "./features/feed/FeedPage";
import { VideoPage } from "./features/feed/VideoPage";
import { Shell } from "./shell/Shell";
import { Splash } from "./shell/Splash";
import { ButtonLink } from "./ui/Button";
import { Empty, Failed } from "./ui/States";
import { Toaster } from "./ui/Toaster";

// The player is what people come for; everything else arrives when it is asked for.
const ProfilePage = lazy(() =>
  import("./features/profile/ProfilePage").then((m) => ({ default: m.ProfilePage })),
);
const SettingsPage = lazy(() =>
  import("./features/settings/SettingsPage").then((m) => ({ default: m.SettingsPage })),
);
const UploadPage = lazy(() =>
  import("./features/upload/UploadPage").then((m) => ({ default: m.UploadPage })),
);

const PROFILE = /^\/@(?<name>[^/]+)\/?$/;

export function App() {
  const session = useSession();

  if (session.status === "restoring") return <Splash />;
  if (session.status === "unreachable") {
    return (
      <Failed title="Kinora isn't answering" error={session.error} onRetry={() => void restoreSession()} />
    );
  }
  return (
    <>
      <Switch>
        <Route path="/login">
          <AuthPage mode="login" />
        </Route>
        <Route path="/signup">
          <AuthPage mode="signup" />
        </Route>
        <Route>
          <Shell>
            <Suspense fallback={<Splash />}>
              <Screens />
            </Suspense>
          </Shell>
        </Route>
      </Switch>
      <AuthDialog />
      <Toaster />
    </>
  );
}

function Screens() {
  return (
    <Switch>
      <Route path="/">
        <FeedPage kind="for-you" />
      </Route>
      <Route path="/following">
        <FeedPage kind="following" />
      </Route>
      <Route path="/trending">
        <FeedPage kind="trending" />
      </Route>
      <Route path="/upload">
        <UploadPage />
      </Route>
      <Route path="/settings">
        <SettingsPage />
      </Route>
      <Route path="/v/:id">{({ id }) => <VideoPage id={id} />}</Route>
      <Route path={PROFILE}>
        {({ name }) => <ProfilePage name={decodeURIComponent(name ?? "").toLowerCase()} />}
      </Route>
      <Route>
        <Empty
          icon="film"
          title="Nothing on this reel"
          action={<ButtonLink href="/">Back to the clips</ButtonLink>}
        >
          This address leads nowhere.
        </Empty>
      </Route>
    </Switch>
  );
}
