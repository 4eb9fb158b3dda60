"""The page's types come from the API's own document: both files in `web/` are what would be made of it now."""

import subprocess
from pathlib import Path

from app.core.config import Settings
from app.main import openapi_json

ROOT = Path(__file__).resolve().parents[2]
WEB = ROOT / "web"


def test_the_committed_document_is_the_apis(settings: Settings) -> None:
    made = openapi_json(settings)
    assert (WEB / "openapi.json").read_bytes() == made, "run: .venv/bin/python -m app openapi > web/openapi.json"


def test_the_committed_types_are_the_documents(tmp_path: Path) -> None:
    out = tmp_path / "schema.d.ts"
    command = ["tools/npm", "exec", "--offline", "--", "openapi-typescript", "openapi.json", "--output", str(out)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=60)
    assert (WEB / "src/api/schema.d.ts").read_text() == out.read_text(), "run: tools/npm run api"
