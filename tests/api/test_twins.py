"""With KINORA_PURE=1 the application answers out of the kernels' plain twins alone."""

import json
import subprocess
import sys
from pathlib import Path

from app.core.config import Settings
from tests.faults.running import LIMITS
from tests.servers.engines import own_environment

SCENARIO = Path(__file__).with_name("twins_scenario.py")
ROOT = SCENARIO.parents[2]


def test_pages_are_answered_without_any_extension(settings: Settings) -> None:
    folders = {"KINORA_DATA": str(settings.data_dir), "KINORA_CACHE": str(settings.cache_dir)}

    ran = subprocess.run(
        [sys.executable, str(SCENARIO)],
        env=own_environment() | folders | LIMITS | {"KINORA_PURE": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout.splitlines()[-1])
    assert found["extensions"] == []
    assert found["built"] == found["kept"] == found["made"][::-1]
    assert found["for_you"] == [2, 2]
