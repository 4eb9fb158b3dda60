import { type ReactNode, useEffect, useRef } from "react";
import { useLocation } from "wouter";
import { ErrorBoundary } from "../ui/ErrorBoundary";
import { useIsPhone } from "../ui/useMedia";
import styles from "./Shell.module.css";
import { SideNav } from "./SideNav";
import { TabBar } from "./TabBar";

/** The frame around every screen: navigation at the side, or below on a phone. */
export function Shell({ children }: { children: ReactNode }) {
  const isPhone = useIsPhone();
  const [path] = useLocation();
  const main = useRef<HTMLElement>(null);
  const screen = path.split("/")[1] ?? "";
  const first = useRef(screen);

  // A new screen starts at its content for keyboards and screen readers; the first one is left to the browser.
  useEffect(() => {
    if (first.current === screen) return;
    first.current = "";
    main.current?.focus({ preventScroll: true });
  }, [screen]);

  return (
    <div className={styles.shell}>
      <a className={styles.skip} href="#content">
        Skip to content
      </a>
      {!isPhone && <SideNav />}
      <main ref={main} id="content" className={styles.main} tabIndex={-1}>
        <ErrorBoundary key={screen}>{children}</ErrorBoundary>
      </main>
      {isPhone && <TabBar />}
    </div>
  );
}
