"""Profiles, pictures, and the lists that belong to a person."""
