"""What keeps Kinora from running on this machine, said in one sentence.

LocalError       the sentence; `kinora run` prints it and exits with 1
StopRequested    Ctrl-C, SIGTERM or a closed terminal: not an error
"""


class LocalError(Exception):
    """One sentence for the person who typed the command."""


class StopRequested(Exception):
    """A stop signal arrived while something was being waited for."""
