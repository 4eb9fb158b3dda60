"""Real engines, started for tests and tested themselves."""
