"""Rules and values: no I/O, no framework, nothing that waits."""
