"""An option that would do nothing in this run is refused by name, before anything is started."""

import pytest

from loadtest.__main__ import main

ADDRESS = "http://127.0.0.1:9"


def refusal(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What is said last; the exit code is 2."""
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    return capsys.readouterr().err.splitlines()[-1]


def test_tokens_are_for_a_kinora_that_runs_already(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("KINORA_LOAD_URL", raising=False)
    assert "--tokens comes with --url" in refusal(capsys, "--tokens", "tokens")


@pytest.mark.parametrize("option", ["--users", "--videos"])
def test_the_seeded_data_set_is_for_a_kinora_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    monkeypatch.delenv("KINORA_LOAD_URL", raising=False)
    assert f"{option} comes without --url" in refusal(capsys, "--url", ADDRESS, option, "10")
    monkeypatch.setenv("KINORA_LOAD_URL", ADDRESS)
    assert f"{option} comes without --url" in refusal(capsys, option, "10")
