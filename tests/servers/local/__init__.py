"""`kinora run` and what it stands on."""
