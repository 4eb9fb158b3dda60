"""Counts held to the truth."""
