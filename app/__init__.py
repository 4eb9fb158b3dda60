"""Kinora: the API, its workers and its commands. Start reading at docs/reading.md."""
