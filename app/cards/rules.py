"""Who may see what: pure, the same on every surface. A hint elsewhere may be stale; this is the authority."""

from typing import Protocol

from app.cards.viewer import ViewerState


class Judged(Protocol):
    """What rules ask of a card."""

    @property
    def author_id(self) -> str: ...
    @property
    def visibility(self) -> str: ...
    @property
    def active(self) -> bool: ...


def may_see(card: Judged, viewer: ViewerState | None) -> bool:
    """Whether this card may be shown to this viewer (None = anonymous), wherever it turns up.

    A block hides in both directions; friends are those who follow each other; one's own videos are always visible.
    """
    if not card.active:
        return False
    if viewer is None:
        return card.visibility == "public"
    if card.author_id == viewer.user_id:
        return True
    author = card.author_id[4:]
    if author in viewer.blocked:
        return False
    if card.visibility == "public":
        return True
    return card.visibility == "friends" and author in viewer.friends


def follows(card: Judged, viewer: ViewerState | None) -> bool:
    """Whether Following may offer it: a feed may, and its author is followed at this moment.

    A queued fan-out may land after the follow has ended; the edge is asked, not the list.
    """
    return viewer is not None and card.author_id[4:] in viewer.following and wants(card, viewer)


def wants(card: Judged, viewer: ViewerState | None) -> bool:
    """Whether a feed may offer it: visible, and its author is not muted."""
    return may_see(card, viewer) and (viewer is None or card.author_id[4:] not in viewer.muted)
