import { Link, Redirect, useLocation } from "wouter";
import { Logo } from "../../ui/Logo";
import { useTitle } from "../../ui/useTitle";
import styles from "./Auth.module.css";
import { LoginForm } from "./LoginForm";
import { Reel } from "./Reel";
import { SignUpForm } from "./SignUpForm";
import { useSession } from "./session";

/** `/login` and `/signup`. */
export function AuthPage({ mode }: { mode: "login" | "signup" }) {
  const [, navigate] = useLocation();
  const session = useSession();
  const joining = mode === "signup";
  useTitle(joining ? "Sign up" : "Log in");
  if (session.status === "member") return <Redirect to="/" replace />;
  const done = () => navigate("/", { replace: true });

  return (
    <div className={styles.page}>
      <section className={styles.poster} aria-hidden="true">
        <Reel />
        <p className={styles.claim}>
          Small films, <em>big light.</em>
        </p>
      </section>
      <main className={styles.side}>
        <div className={styles.card}>
          <Link href="/trending" aria-label="Kinora, to the clips">
            <Logo height={38} />
          </Link>
          <h1 className={styles.heading}>{joining ? "Join Kinora" : "Welcome back"}</h1>
          {joining ? <SignUpForm onDone={done} /> : <LoginForm onDone={done} />}
          <p className={styles.swap}>
            {joining ? "Already here?" : "New to Kinora?"}
            <Link href={joining ? "/login" : "/signup"} replace>
              {joining ? "Log in" : "Sign up"}
            </Link>
          </p>
        </div>
      </main>
    </div>
  );
}
