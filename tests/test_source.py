"""Rules about the source itself, as tests: what a linter does not look for."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LONGEST_FILE = 400
LONGEST_FUNCTION = 70


def tracked(*patterns: str) -> list[Path]:
    """Files under version control; a fresh clone and a working tree give the same."""
    listed = subprocess.run(["git", "ls-files", "--", *patterns], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_no_file_is_long() -> None:
    sources = tracked("app/*.py", "hotpath/*", "tests/*.py", "web/src/*")
    lengths = {path: len(path.read_text().splitlines()) for path in sources if "schema.d.ts" not in path.name}
    assert {str(path): n for path, n in lengths.items() if n > LONGEST_FILE} == {}


def test_functions_fit_a_screen() -> None:
    # A router is a list of handlers, each with its own few lines: the list may be as long as the feature has routes.
    long = [
        f"{path.relative_to(ROOT)}:{node.name}"
        for path in tracked("app/*.py", "hotpath/*.py")
        for node in functions(path)
        if path.name != "routes.py" and (node.end_lineno or 0) - node.lineno >= LONGEST_FUNCTION
    ]
    assert long == []


def test_kernels_import_no_python_code_of_ours() -> None:
    for path in tracked("hotpath/*.pyx"):
        for line in path.read_text().splitlines():
            if match := re.match(r"\s*(?:from|import|cimport)\s+([\w.]+)", line):
                assert not match[1].startswith("app"), line


def test_no_driver_word_in_the_core() -> None:
    for path in tracked("app/core/*.py", "app/ports/*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
                assert not {name.split(".")[0] for name in names} & {"asyncpg", "redis", "litestar", "starlette"}, path


def test_nothing_is_left_for_later() -> None:
    words = re.compile(r"\b(TODO|FIXME|XXX|HACK|NotImplementedError)\b")
    sources = tracked("app/*.py", "hotpath/*", "web/src/*", "migrations/*")
    assert [str(path) for path in sources if words.search(path.read_text())] == []


def test_no_test_is_skipped() -> None:
    forbidden = re.compile(r"pytest\.(mark\.)?(skip|xfail)|importorskip")
    assert lines_of_tests(forbidden) == []


def test_no_test_sleeps_in_place_of_a_condition() -> None:
    # A pause between two looks at a condition, or one that is the test's own subject, says so beside it.
    assert lines_of_tests(re.compile(r"^\s*(await asyncio|time)\.sleep\((?!0\))[^#]*$")) == []


def lines_of_tests(forbidden: re.Pattern[str]) -> list[str]:
    here = Path(__file__).resolve()
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in tracked("tests/*.py")
        if path != here
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if forbidden.search(line)
    ]


def test_every_module_says_what_it_is() -> None:
    silent = [
        str(p.relative_to(ROOT))
        for p in tracked("app/*.py", "hotpath/*.py")
        if not ast.get_docstring(ast.parse(p.read_text()))
    ]
    assert silent == []


def test_no_registry_addresses_in_locks() -> None:
    for path in tracked("requirements/*.lock", "web/package-lock.json"):
        assert not re.search(r'"resolved"|https?://(registry|pypi)', path.read_text()), path
