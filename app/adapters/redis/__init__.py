"""The ports on Redis or Valkey (commands of 7.2): one client, one class a port. All of it may vanish at any time."""
