"""Guards over a source tree: each yields a line `file:line: what is wrong` for each fault it finds."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 50
MAX_PARAMETERS = 6
SOURCE_FOLDERS = ("libs", "services", "deploy", "tests", "examples")
LEFT_OUT = {"node_modules", "__pycache__", "build"}

# Tables and views that hold a tenant's data, by service: its read models alone may name them, behind guarded functions.
TENANT_TABLES = {
    "ledger": ("book_entries", "entries", "book_balances", "lease_balances", "history", "book_leases", "book_postings"),
    "payments": ("payments", "confirmations", "notices", "notifications"),
    "correspondence": ("letters", "messages", "matters", "matter_overviews", "attachments"),
    "identity": ("people", "credentials", "letters"),
}
UNFINISHED = re.compile("TO" + "DO|FIX" + "ME|XX" + "X")
ONE_MACHINE = re.compile(r"(?<![\w.])/(?:home|root|Users|work)/\w+")
FLOAT_MONEY = re.compile(r"float\([^)]*grosze|grosze[^=\n]*: float")


def python_files(root: Path) -> Iterator[Path]:
    """Every Python file of ours below `root`."""
    for folder in SOURCE_FOLDERS:
        for file in sorted((root / folder).rglob("*.py")):
            if not LEFT_OUT & set(file.relative_to(root).parts):
                yield file


def _functions(file: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def long_files(root: Path) -> Iterator[str]:
    """Files over 400 lines: a room that grows becomes a package with a file per deed."""
    for file in python_files(root):
        lines = len(file.read_text(encoding="utf-8").splitlines())
        if lines > MAX_FILE_LINES:
            yield f"{file.relative_to(root)}:{lines}: over {MAX_FILE_LINES} lines"


def long_functions(root: Path) -> Iterator[str]:
    """Functions over 50 lines or 6 parameters."""
    for file in python_files(root):
        for function in _functions(file):
            lines = (function.end_lineno or function.lineno) - function.lineno + 1
            given = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
            parameters = [a for a in given if a.arg not in {"self", "cls"}]
            is_test = function.name.startswith("test_") or file.name == "conftest.py"
            if lines > MAX_FUNCTION_LINES:
                yield f"{file.relative_to(root)}:{function.lineno}: {function.name} has {lines} lines"
            if len(parameters) > MAX_PARAMETERS and not is_test:
                yield f"{file.relative_to(root)}:{function.lineno}: {function.name} has {len(parameters)} parameters"


def swallowed_errors(root: Path) -> Iterator[str]:
    """`except …: pass` and bare `except:`: an error is answered, waited out, or let through."""
    for file in python_files(root):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ExceptHandler) and (
                node.type is None or all(isinstance(statement, ast.Pass) for statement in node.body)
            ):
                yield f"{file.relative_to(root)}:{node.lineno}: an error is swallowed"


# A relay or a projector alone starts a third sooner without the libraries of HTTP.
LATE = {("libs/chassis/runtime.py", "_serve"), ("services/ledger/app.py", "_app")}


def lazy_imports(root: Path) -> Iterator[str]:
    """Imports inside functions: they hide what a room depends on."""
    for file in python_files(root):
        for function in _functions(file):
            if (str(file.relative_to(root)), function.name) in LATE:
                continue
            for node in ast.walk(function):
                if isinstance(node, ast.Import | ast.ImportFrom):
                    yield f"{file.relative_to(root)}:{node.lineno}: import inside {function.name}"


def patched_tests(root: Path) -> Iterator[str]:
    """Tests that patch: fakes are passed in, servers are real."""
    for file in python_files(root):
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
            if re.search(r"unittest\.mock|mocker|monkeypatch\.setattr|MagicMock", line) and file.name != "guards.py":
                yield f"{file.relative_to(root)}:{number}: a test patches"


def _lines_matching(root: Path, pattern: re.Pattern[str], what: str) -> Iterator[str]:
    for file in python_files(root):
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
            if pattern.search(line) and file.parent.name != "tidy":
                yield f"{file.relative_to(root)}:{number}: {what}"


def unfinished(root: Path) -> Iterator[str]:
    """Notes to oneself: what is not done is an issue, not a comment."""
    return _lines_matching(root, UNFINISHED, "a note to oneself")


def machine_paths(root: Path) -> Iterator[str]:
    """Paths of one machine."""
    return _lines_matching(root, ONE_MACHINE, "a path of one machine")


def float_money(root: Path) -> Iterator[str]:
    """Money as a float: it is an integer of grosze everywhere."""
    return _lines_matching(root, FLOAT_MONEY, "money as a float")


def stray_tenant_sql(root: Path) -> Iterator[str]:
    """SQL that reads a tenant's table outside the read model that owns it."""
    statement = r"\b(?:from|join|update|into)\s+{}\b"
    for file in python_files(root):
        relative = file.relative_to(root).as_posix()
        if "/tests/" in relative or relative.startswith("tests/"):
            continue
        text = file.read_text(encoding="utf-8")
        for service, tables in TENANT_TABLES.items():
            outside = relative.startswith(f"services/{service}/") and not relative.startswith(
                f"services/{service}/read_models"
            )
            for table in tables if outside else ():
                if re.search(statement.format(table), text):
                    yield f"{relative}:1: SQL on {table} outside the read models of {service}"


def missing_tenant_tables(root: Path) -> Iterator[str]:
    """Tenant tables that no schema knows: the guard above would look for nothing."""
    for service, tables in TENANT_TABLES.items():
        schema = root / "services" / service / "schema.sql"
        text = schema.read_text(encoding="utf-8") if schema.exists() else ""
        for table in tables if schema.exists() else ():
            if not re.search(rf"create (?:table|view) {table}\b", text):
                yield f"{schema.relative_to(root)}:1: there is no {table}"


def auto_acknowledged(root: Path) -> Iterator[str]:
    """A FastStream subscriber without an acknowledgement policy loses events; so does reading from `latest`."""
    for file in python_files(root):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not (
                isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "subscriber"
            ):
                continue
            given = {keyword.arg: keyword.value for keyword in node.keywords}
            reset = given.get("auto_offset_reset")
            if "ack_policy" not in given:
                yield f"{file.relative_to(root)}:{node.lineno}: a subscriber without ack_policy"
            if not isinstance(reset, ast.Constant) or reset.value != "earliest":
                yield f"{file.relative_to(root)}:{node.lineno}: a subscriber that does not begin at the earliest"


GUARDS = (
    long_files,
    long_functions,
    swallowed_errors,
    lazy_imports,
    patched_tests,
    unfinished,
    machine_paths,
    float_money,
    stray_tenant_sql,
    missing_tenant_tables,
    auto_acknowledged,
)
