import { type FormEvent, type KeyboardEvent, useEffect, useRef, useState } from "react";
import { newIdempotencyKey } from "../../api/ids";
import { asApiError } from "../../api/problem";
import { postComment } from "../../api/social";
import type { Comment } from "../../api/types";
import { Avatar } from "../../ui/Avatar";
import { Button, IconButton } from "../../ui/Button";
import { requireMember } from "../auth/gate";
import { useSession } from "../auth/session";
import styles from "./Comments.module.css";

const MAX_CHARS = 1_000;

interface ComposerProps {
  videoId: string;
  answering: Comment | null;
  onCancel: () => void;
  onPosted: (comment: Comment) => void;
}

/** Enter sends, Shift+Enter makes a new line. What was typed stays until it has been accepted. */
export function Composer({ videoId, answering, onCancel, onPosted }: ComposerProps) {
  const session = useSession();
  const field = useRef<HTMLTextAreaElement>(null);
  // One key per wording: sent again after a lost answer, it is still one comment.
  const key = useRef(newIdempotencyKey());
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const content = text.trim();

  useEffect(() => {
    key.current = newIdempotencyKey();
    if (answering) field.current?.focus();
  }, [answering]);

  async function send(event: FormEvent): Promise<void> {
    event.preventDefault();
    if (!content || busy || !requireMember("Log in to comment")) return;
    setBusy(true);
    setError(null);
    try {
      const comment = await postComment(videoId, content, answering?.comment_id ?? null, key.current);
      key.current = newIdempotencyKey();
      setText("");
      onPosted(comment);
    } catch (caught) {
      const problem = asApiError(caught);
      setError(problem.fields.content ?? problem.message);
    } finally {
      setBusy(false);
    }
  }

  function onKeyDown(event: KeyboardEvent<HTMLTextAreaElement>): void {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    void send(event);
  }

  return (
    <form className={styles.composer} onSubmit={send} data-testid="comment-form">
      {answering && (
        <p className={styles.answering}>
          Replying to {answering.user.display_name}
          <IconButton icon="close" iconSize={16} label="Cancel reply" onClick={onCancel} />
        </p>
      )}
      <div className={styles.write}>
        {session.status === "member" && <Avatar user={session.me} size={34} />}
        <textarea
          ref={field}
          rows={1}
          aria-label={answering ? "Write a reply" : "Add a comment"}
          placeholder={answering ? "Write a reply…" : "Add a comment…"}
          maxLength={MAX_CHARS}
          value={text}
          onChange={(event) => {
            key.current = newIdempotencyKey();
            setText(event.target.value);
          }}
          onKeyDown={onKeyDown}
          data-testid="comment-box"
        />
        <Button
          type="submit"
          size="s"
          tone="accent"
          busy={busy}
          disabled={!content}
          data-testid="comment-send"
        >
          Post
        </Button>
      </div>
      <p className={styles.error} role="alert">
        {error}
      </p>
    </form>
  );
}
