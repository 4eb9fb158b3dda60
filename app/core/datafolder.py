"""Where things lie inside the data folder: paths and addresses only, nothing here touches the disk.

version          the layout's number; a newer one is refused
lock             held by the one running `kinora run`
secrets/pgpass   passwords of the two database roles, 0600
pg/cluster       PostgreSQL's own folder; its socket lies beside it in pg
valkey           append-only file and socket
blobs            video objects and pictures
warehouse        Parquet files of the analytics
cache            fetched things, where there is no home folder for them
logs             one file a process
metrics          counters that the processes share, emptied at each start
work             half-made things of the workers
"""

from pathlib import Path
from urllib.parse import quote

import msgspec

APP_ROLE = "kinora_app"
MIGRATOR_ROLE = "kinora_migrator"
DATABASE = "kinora"
SOCKET_PORT = 5432  # names the socket file; nothing listens on TCP


class DataFolder(msgspec.Struct, frozen=True):
    """The layout below one absolute `root`."""

    root: Path

    @property
    def version(self) -> Path:
        return self.root / "version"

    @property
    def lock(self) -> Path:
        return self.root / "lock"

    @property
    def secrets(self) -> Path:
        return self.root / "secrets"

    @property
    def passfile(self) -> Path:
        return self.secrets / "pgpass"

    @property
    def postgres(self) -> Path:
        return self.root / "pg"

    @property
    def cluster(self) -> Path:
        return self.postgres / "cluster"

    @property
    def postgres_socket(self) -> Path:
        return self.postgres / f".s.PGSQL.{SOCKET_PORT}"

    @property
    def valkey(self) -> Path:
        return self.root / "valkey"

    @property
    def valkey_socket(self) -> Path:
        return self.valkey / "valkey.sock"

    @property
    def blobs(self) -> Path:
        return self.root / "blobs"

    @property
    def warehouse(self) -> Path:
        return self.root / "warehouse"

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    def database_url(self, role: str) -> str:
        """The address for `role`. The password stays in the pass file, out of every environment and log."""
        host, passfile = quote(str(self.postgres)), quote(str(self.passfile))
        return f"postgresql://{role}@/{DATABASE}?host={host}&port={SOCKET_PORT}&passfile={passfile}"

    def redis_url(self) -> str:
        return f"unix://{quote(str(self.valkey_socket))}"

    @property
    def metrics(self) -> Path:
        return self.root / "metrics"

    @property
    def work(self) -> Path:
        return self.root / "work"
