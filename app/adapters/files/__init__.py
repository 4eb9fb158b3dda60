"""Objects in a folder: the store, the door through which they come in, and the origin that serves them."""
