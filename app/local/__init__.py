"""Kinora on one machine: the embedded servers of `kinora run`, and what keeps everything alive."""
