"""One suite a port, run on every adapter against its real engine."""
