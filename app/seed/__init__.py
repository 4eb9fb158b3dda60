"""`kinora seed`: something to look at, or something to measure.

clips   demo people and their clips, through the real upload and processing
bulk    `--feeds`: many people and videos without any media, cards and feeds built, to measure and load-test with
"""

from argparse import Namespace

from app.core.config import Settings


async def seed(settings: Settings, arguments: Namespace) -> int:
    """Makes what the command line asked for; the exit code. Raises ConfigError where it may not be made."""
    if arguments.feeds:
        from app.seed import bulk

        return await bulk.seed(settings, arguments.users, arguments.videos, arguments.tokens, arguments.token_ttl)
    from app.seed import clips

    return await clips.seed(settings, arguments.users, arguments.videos)
