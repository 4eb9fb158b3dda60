"""Processes killed, disks filled, stores away: what holds all the same."""
