import { Component, type ReactNode } from "react";
import { Button } from "./Button";
import { Empty } from "./States";

/** The last net: a screen that breaks says so and offers a fresh start, instead of an empty page. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError() {
    return { broken: true };
  }

  override render() {
    if (!this.state.broken) return this.props.children;
    return (
      <Empty
        icon="alert"
        title="This screen stopped working"
        action={<Button onClick={() => location.reload()}>Reload</Button>}
      >
        Reloading usually helps. Nothing you posted is lost.
      </Empty>
    );
  }
}
