"""Settings: defaults, and one sentence naming the variable for each bad value."""

from pathlib import Path

import pytest

from app.core.config import ConfigError, load

OWN_DATABASE = {"KINORA_DATABASE_URL": "postgresql://app@db/kinora"}


def test_an_empty_environment_is_a_laptop() -> None:
    settings = load({"HOME": "/home/ada"}, "/srv/kinora")
    assert (settings.profile, settings.env, settings.port) == ("embedded", "development", 8000)
    assert (settings.bind_host, settings.public_url) == ("127.0.0.1", "http://localhost:8000")
    assert (settings.data_dir, settings.cache_dir) == (Path("/srv/kinora/data"), Path("/home/ada/.cache/kinora"))
    assert settings.embedded_postgres
    assert settings.embedded_valkey
    assert settings.database_url == (
        "postgresql://kinora_app@/kinora?host=/srv/kinora/data/pg&port=5432&passfile=/srv/kinora/data/secrets/pgpass"
    )
    assert settings.migrator_database_url == settings.database_url.replace("kinora_app", "kinora_migrator")
    assert settings.redis_url == "unix:///srv/kinora/data/valkey/valkey.sock"
    assert settings.quota_bytes == 20 * 2**30
    assert (settings.trending_rule, settings.trending_trusted_after_s) == ("documented", 86_400)
    assert settings.region_header is None
    assert settings.card_cache_bytes == 64 * 2**20
    assert settings.for_you_budget_ms == 300


def test_unset_stores_follow_the_set_ones() -> None:
    environ = OWN_DATABASE | {"KINORA_REDIS_URL": "redis://cache", "KINORA_VIDEO_CACHE_URL": "redis://videos"}
    settings = load(environ, "/")
    assert not settings.embedded_postgres
    assert not settings.embedded_valkey
    databases = {settings.migrator_database_url, settings.videos_url, settings.activity_url, settings.search_url}
    assert databases == {OWN_DATABASE["KINORA_DATABASE_URL"]}
    assert {settings.feed_cache_url, settings.trending_cache_url, settings.bus_url} == {"redis://cache"}
    assert settings.video_cache_url == "redis://videos"


def test_paths_are_quoted_in_urls() -> None:
    settings = load({"KINORA_DATA": "/my data/50%"}, "/")
    assert settings.blobs_url == "file:///my%20data/50%25/blobs"
    assert settings.redis_url == "unix:///my%20data/50%25/valkey/valkey.sock"
    assert "host=/my%20data/50%25/pg&" in settings.database_url


@pytest.mark.parametrize(
    ("environ", "public_url"),
    [
        ({"KINORA_HOST": "0.0.0.0"}, "http://localhost:8000"),
        ({"KINORA_HOST": "::1", "KINORA_PORT": "80"}, "http://[::1]:80"),
        ({"KINORA_PUBLIC_URL": "https://kinora.example/"}, "https://kinora.example"),
        ({"KINORA_EDGE_PORT": "9000"}, "http://localhost:9000"),
        ({"KINORA_EDGE_PORT": "0"}, "http://localhost:8000"),
    ],
)
def test_the_public_address(environ: dict[str, str], public_url: str) -> None:
    assert load(environ, "/").public_url == public_url


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"KINORA_PORT": "0"}, "KINORA_PORT must be a whole number from 1 to 65535, not '0'."),
        ({"KINORA_PORT": "٨٠"}, "KINORA_PORT must be a whole number from 1 to 65535, not '٨٠'."),
        ({"KINORA_PORT": "8_0"}, "KINORA_PORT must be a whole number from 1 to 65535, not '8_0'."),
        ({"KINORA_PORT": "9" * 99}, f"KINORA_PORT must be a whole number from 1 to 65535, not '{'9' * 40}…'."),
        (
            {"KINORA_EDGE_PORT": "8000"},
            "KINORA_EDGE_PORT must be another than KINORA_PORT, which the application keeps.",
        ),
        ({"KINORA_PROFILE": "Scale"}, "KINORA_PROFILE must be one of embedded, scale, not 'Scale'."),
        ({"KINORA_ENV": "prod"}, "KINORA_ENV must be one of development, production, not 'prod'."),
        (
            {"KINORA_TRENDING_RULE": "hot"},
            "KINORA_TRENDING_RULE must be one of documented, velocity, not 'hot'.",
        ),
        (
            {"KINORA_REGION_HEADER": "CF IPCountry"},
            "KINORA_REGION_HEADER must be the name of a header such as CF-IPCountry, not 'CF IPCountry'.",
        ),
        ({"KINORA_HOST": "kinora.example"}, "KINORA_HOST must be localhost or an IP address, not 'kinora.example'."),
        ({"KINORA_DATA": "a\nb"}, "KINORA_DATA must be at most 2048 printable characters on one line."),
        ({"KINORA_DATA": "~/x"}, "KINORA_DATA is '~/x' but HOME is not set: give an absolute path."),
        (
            {"KINORA_REDIS_URL": "http://x"},
            "KINORA_REDIS_URL must start with redis:// or rediss:// or unix://, not 'http://'.",
        ),
        ({"KINORA_BLOBS_URL": "file://"}, "KINORA_BLOBS_URL names neither a host nor a path."),
        ({"KINORA_REDIS_URL": "redis://[::1"}, "KINORA_REDIS_URL is not a URL: its host or port is malformed."),
        ({"KINORA_REDIS_URL": "redis://x:99999"}, "KINORA_REDIS_URL is not a URL: its host or port is malformed."),
        (
            {"KINORA_PUBLIC_URL": "https://x.example/app"},
            "KINORA_PUBLIC_URL must be a plain web address such as https://kinora.example.",
        ),
        (
            {"KINORA_MIGRATOR_DATABASE_URL": "postgresql://x"},
            "KINORA_MIGRATOR_DATABASE_URL is set but KINORA_DATABASE_URL is not: set both or neither.",
        ),
        (
            OWN_DATABASE | {"KINORA_ENV": "production"},
            "KINORA_MIGRATOR_DATABASE_URL must name another role than KINORA_DATABASE_URL in production.",
        ),
        (
            OWN_DATABASE
            | {"KINORA_MIGRATOR_DATABASE_URL": "postgresql://owner@db/kinora", "KINORA_ENV": "production"}
            | {"KINORA_ACCESS_TTL_MAX_S": "3600"},
            "KINORA_ACCESS_TTL_MAX_S is for load tests: in production it must be unset.",
        ),
        (
            OWN_DATABASE | {"KINORA_PROFILE": "scale"},
            "The scale profile needs KINORA_PUBLIC_URL, KINORA_REDIS_URL, KINORA_BLOBS_URL to be set.",
        ),
    ],
)
def test_a_bad_value_gets_one_sentence(environ: dict[str, str], sentence: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        load(environ, "/")
    assert str(refusal.value) == sentence


def test_a_refused_url_is_not_repeated() -> None:
    with pytest.raises(ConfigError) as refusal:
        load({"KINORA_DATABASE_URL": "mysql://app:hunter2@db/kinora"}, "/")
    assert "hunter2" not in str(refusal.value)
