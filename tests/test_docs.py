"""Rules about the documents: a test that one names is there, and a link leads somewhere."""

import ast
import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parent.parent
CONTRACT = ROOT / "docs" / "feed-contract.md"
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|#")


@cache
def defined_in(path: Path) -> frozenset[str]:
    """Names of the test functions of a file; none if there is no such file."""
    if not path.is_file():
        return frozenset()
    defined = (
        node for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    return frozenset(node.name for node in defined if node.name.startswith("test_"))


def test_every_test_that_the_feed_contract_names_exists() -> None:
    named = NAMED.findall(CONTRACT.read_text())
    assert named
    assert [f"{path}::{name}" for path, name in named if name not in defined_in(ROOT / path)] == []


def test_every_promise_of_the_feed_contract_names_a_test() -> None:
    promised, _, not_yet = CONTRACT.read_text().partition("\n## Not promised yet\n")
    assert not_yet
    assert [line for line in promised.splitlines() if line.startswith("- ") and not NAMED.search(line)] == []


def test_every_link_of_the_documents_leads_to_a_file() -> None:
    links = [
        (document, link)
        for document in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
        for link in LINK.findall(document.read_text())
        if not ELSEWHERE.match(link)
    ]
    assert links
    broken = [
        f"{document.relative_to(ROOT)}: {link}"
        for document, link in links
        if not (document.parent / unquote(link.partition("#")[0])).exists()
    ]
    assert broken == []
