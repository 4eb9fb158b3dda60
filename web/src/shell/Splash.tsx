import { LogoMark } from "../ui/Logo";
import styles from "./Splash.module.css";

/** The moment before anything is known. Shown only if that moment lasts. */
export function Splash() {
  return (
    <div className={styles.splash} role="status" aria-label="Loading">
      <LogoMark size={72} />
    </div>
  );
}
