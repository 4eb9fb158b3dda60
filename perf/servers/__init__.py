"""Whole servers under load: how they are started, driven and timed. What is measured is in `perf.paths`."""
