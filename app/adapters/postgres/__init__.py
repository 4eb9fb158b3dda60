"""The ports on PostgreSQL: one pool, one way to write (`write`), one class a port."""
