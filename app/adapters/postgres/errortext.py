"""What an error says, made fit for a column: a note that can't be stored must not keep work from going on."""

_MAX_CHARACTERS = 4_000  # the head names the error


def error_text(text: str) -> str:
    """The head of `text`, without NUL, which PostgreSQL takes in no text and poisonous input may hold."""
    return text[:_MAX_CHARACTERS].replace("\x00", "\ufffd")
