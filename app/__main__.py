"""The `kinora` command: parses arguments and hands over. Each command imports only what it needs.

Exit codes: 0 done, 1 it could not be done (one sentence on stderr), 2 the command line or a setting is wrong.
"""

import argparse
import os
import sys
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from app.core.config import ConfigError, Settings, load
from app.local.errors import LocalError

Command = Callable[[Settings, argparse.Namespace], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit code."""
    arguments = _parser().parse_args(argv)
    command: Command = arguments.command
    try:
        return command(load(os.environ, os.getcwd()), arguments)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    except LocalError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130  # what a shell reports for SIGINT


def run(settings: Settings, _: argparse.Namespace) -> int:
    from app.local import supervisor

    return supervisor.run(settings)


def api(settings: Settings, _: argparse.Namespace) -> int:
    from app.local import programs

    program = programs.api(settings, os.environ)
    os.execve(program.argv[0], program.argv, dict(program.env))  # noqa: S606 (becoming it is the point)


def worker(settings: Settings, arguments: argparse.Namespace) -> int:
    from app.main import run_worker

    return _loop(run_worker(settings, arguments.names))


def edge(settings: Settings, _: argparse.Namespace) -> int:
    from app.main import run_edge

    if not settings.edge_port:
        raise ConfigError("KINORA_EDGE_PORT must say where the edge listens.")
    return _loop(run_edge(settings))


def migrate(settings: Settings, arguments: argparse.Namespace) -> int:
    from app.adapters.postgres.migrations import MigrationError

    _beside_running(settings)
    try:
        return _loop(_migrate(settings.migrator_database_url, arguments.direction))
    except MigrationError as error:
        print(error, file=sys.stderr)
        return 1


async def _migrate(url: str, direction: str) -> int:
    from app.adapters.postgres import migrator

    if direction == "up":
        count = await migrator.up(url, print)
        print(f"{count} applied." if count else "Nothing to apply.")
    elif direction == "down":
        print(await migrator.down(url) or "Nothing is applied.")
    else:
        for state in await migrator.status(url):
            print(state.label, "pending" if state.applied_at_ms is None else "applied")
    return 0


def doctor(settings: Settings, _: argparse.Namespace) -> int:
    from app.commands import doctor as run_doctor

    _beside_running(settings)
    return _loop(run_doctor(settings))


def seed(settings: Settings, arguments: argparse.Namespace) -> int:
    from app.seed import seed as run_seed

    if arguments.tokens and not arguments.feeds:
        raise ConfigError("--tokens comes with --feeds: demo people sign in with their password.")
    _beside_running(settings)
    return _loop(run_seed(settings, arguments))


def deadletter(settings: Settings, arguments: argparse.Namespace) -> int:
    from app.commands import deadletter as run_deadletter

    _beside_running(settings)
    return _loop(run_deadletter(settings, arguments))


def tier(settings: Settings, arguments: argparse.Namespace) -> int:
    from app.commands import tier as run_tier

    _beside_running(settings)
    return _loop(run_tier(settings, arguments))


def suspend(settings: Settings, arguments: argparse.Namespace) -> int:
    from app.commands import suspend as run_suspend

    _beside_running(settings)
    return _loop(run_suspend(settings, arguments))


def keys(settings: Settings, _: argparse.Namespace) -> int:
    from app.commands import keys_rotate as run_keys_rotate

    _beside_running(settings)
    return _loop(run_keys_rotate(settings))


def reconcile(settings: Settings, arguments: argparse.Namespace) -> int:
    from app.commands import reconcile as run_reconcile

    _beside_running(settings)
    return _loop(run_reconcile(settings, arguments))


def trending(settings: Settings, arguments: argparse.Namespace) -> int:
    from app.commands import trending as run_trending

    _beside_running(settings)
    return _loop(run_trending(settings, arguments))


def openapi(settings: Settings, _: argparse.Namespace) -> int:
    from app.main import openapi_json

    sys.stdout.buffer.write(openapi_json(settings))
    return 0


def _beside_running(settings: Settings) -> None:
    from app.local.running import require_servers

    require_servers(settings)


def _loop(work: Coroutine[Any, Any, int]) -> int:
    import uvloop

    return uvloop.run(work)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kinora", description="A short-video platform.")
    commands = parser.add_subparsers(required=True, metavar="command")

    def add(command: Command, purpose: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(command.__name__, help=purpose, description=purpose)
        sub.set_defaults(command=command)
        return sub

    add(run, "start everything on this machine; Ctrl-C stops it")
    add(api, "serve the API alone")
    add(edge, "answer the hot reads in front of the API, and hand everything else on to it")
    add(worker, "run the workers").add_argument("names", nargs="*", metavar="name", help="only these; default: all")
    add(migrate, "change the database schema").add_argument("direction", choices=("up", "down", "status"))
    add(doctor, "check each store and say in words what is wrong")
    filler = add(seed, "make demo creators, clips, follows and likes; or a data set to measure with")
    filler.add_argument("--users", type=_count, default=12, metavar="N")
    filler.add_argument("--videos", type=_count, default=24, metavar="N")
    filler.add_argument("--feeds", action="store_true", help="no clips but rows, cards and feeds, for load tests")
    filler.add_argument("--tokens", metavar="FILE", help="with --feeds: write everybody's access token into it")
    filler.add_argument("--token-ttl", type=int, metavar="S", help="seconds; above 900 see KINORA_ACCESS_TTL_MAX_S")
    add(deadletter, "events that could not be handled").add_argument("action", choices=("list", "replay"))
    add(tier, "how a creator's videos reach their followers, and why").add_argument(
        "user", metavar="USER", help="an id or @name"
    )
    banned = add(suspend, "end a person's sessions and hide what they made, until it is lifted")
    banned.add_argument("user", metavar="USER", help="an id or @name")
    choice = banned.add_mutually_exclusive_group()
    choice.add_argument("--reason", default="", metavar="TEXT", help="told to them when they try to sign in")
    choice.add_argument("--lift", action="store_true", help="let them in again and show everything")
    add(keys, "the keys that sign access tokens").add_argument("action", choices=("rotate",))
    counter = add(reconcile, "compare every count with the truth")
    counter.add_argument("--repair", action="store_true", help="and put the wrong ones right")
    scores = add(trending, "why a video trends, and taking a bot's part out").add_subparsers(
        required=True, metavar="action", dest="action"
    )
    explained = scores.add_parser("explain", help="the terms of a video's score and the events behind it")
    explained.add_argument("video", metavar="VIDEO")
    explained.add_argument("--scope", default="global", help="a region, a category or global (the default)")
    retracted = scores.add_parser("retract", help="take out of every list what somebody's events added")
    retracted.add_argument("--actor", required=True, metavar="USER")
    add(openapi, "print the OpenAPI document")
    return parser


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 1_000_000:
        raise argparse.ArgumentTypeError("must be from 1 to 1000000")
    return number


if __name__ == "__main__":
    sys.exit(main())
