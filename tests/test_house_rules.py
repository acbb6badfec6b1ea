"""The rules of the house, tested over all members: nobody has to remember them."""

from __future__ import annotations

import ast
import csv
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from starling.errors import ADVICE

ROOT = Path(__file__).resolve().parents[1]
SRC = ROOT / "src" / "starling"
DOCS = ROOT / "docs"
MODULES = sorted(SRC.rglob("*.py"))
WORKSHOP = sorted((ROOT / "workshop" / "src").rglob("*.py"))
ROOMS = sorted(path.parent.name for path in SRC.glob("*/__init__.py"))

#: Files of the clinical path that may import an extra (inside a function), and what; and of the room trust, which only
#: the node's rooms and its command import.
EXTRAS = {
    "formats/htslib.py": {"pysam"},
    "trust/attestation.py": {"cryptography"},
    "trust/audit.py": {"apsw", "cryptography"},
    "trust/certificates.py": {"cryptography"},
    "trust/holder.py": {"cryptography"},
    "trust/note.py": {"cryptography"},
    "trust/sealed.py": {"apsw"},
}

#: Rooms beside the clinical path: what their modules may import inside functions.
EXTRAS_OF_ROOMS = {
    "cohort": {"duckdb", "numpy", "pyarrow", "ray"},
    "runtime": {"numpy", "onnxruntime"},
}
#: Rooms that one command alone imports, whole: there extras stand at the top.
WHOLE_ROOMS = {
    "node": {
        "apsw",
        "argon2",
        "cedarpy",
        "cryptography",
        "h11",
        "httpx",
        "jinja2",
        "joserfc",
        "msgspec",
        "pyotp",
        "starlette",
        "uvicorn",
        "watchfiles",
    },
    "printing": {"fpdf", "segno"},
}

#: A plain `import starling` may load this many modules of ours, and none of these of the standard library.
IMPORT_BUDGET = 12
HEAVY = {"argparse", "asyncio", "csv", "gzip", "html", "http", "json", "sqlite3", "tempfile", "urllib.request", "zlib"}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imported_packages(path: Path) -> Iterator[str]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]


def codes_given_to(*callables: str) -> Iterator[tuple[str, str]]:
    """(place, code) of every literal first argument, or `code=`, of a call to one of `callables` in src."""
    for path in (*MODULES, *WORKSHOP):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in callables:
                named = [keyword.value for keyword in node.keywords if keyword.arg in {"code", "reason"}]
                for value in [*node.args[:1], *named]:
                    if isinstance(value, ast.Constant) and isinstance(value.value, str):
                        yield f"{name_of(path)}:{node.lineno}", value.value


def tracked_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:  # an unpacked source archive: every text file outside what is made
        made = {".venv", "build", "dist", ".git"}
        return [path for path in ROOT.rglob("*") if path.is_file() and not made & set(path.relative_to(ROOT).parts)]
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


# --- errors and codes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", sorted(ADVICE))
def test_every_error_code_is_documented(code: str) -> None:
    assert f"| `{code}` |" in (DOCS / "reference" / "errors.md").read_text(encoding="utf-8")


def test_every_error_raised_has_advice() -> None:
    kinds = ["StarlingError", "InputError", "KnowledgeError", "ModelError", "InternalError", "TrustError"]
    raised = codes_given_to(*kinds, "ForbiddenError", "UnknownCallerError")
    assert [place for place, code in raised if code not in ADVICE] == []


def test_every_error_code_is_raised_somewhere() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in (*MODULES, *WORKSHOP) if path.name != "errors.py")
    assert [code for code in ADVICE if f'"{code}"' not in text] == []


def test_advice_is_one_sentence_in_order() -> None:
    assert list(ADVICE) == sorted(ADVICE)
    assert [code for code, text in ADVICE.items() if not text.endswith(".") or "\n" in text] == []


@cache
def codes_of_results() -> tuple[tuple[str, str], ...]:
    """(place, code): what these values are given, and every CODE_LIKE_THIS where results are made."""
    return tuple(_codes_of_results())


def _codes_of_results() -> Iterator[tuple[str, str]]:
    yield from codes_given_to("Notice", "Remark", "Undetermined")
    for path in MODULES:
        if path.relative_to(SRC).parts[0] in {"calling", "genotyping", "guidance", "source", "engine.py"}:
            for node in ast.walk(tree_of(path)):
                if isinstance(node, ast.Constant) and re.fullmatch(
                    r"(?!NC_|CGA_|MIN_DP$|ORIGINAL_REF$)[A-Z][A-Z0-9]*(_[A-Z0-9]+)+", str(node.value)
                ):
                    yield f"{name_of(path)}:{node.lineno}", str(node.value)


def test_every_code_of_a_result_is_documented() -> None:
    page = (DOCS / "reference" / "codes.md").read_text(encoding="utf-8")
    unknown = {code: place for place, code in codes_of_results() if f"| `{code}` |" not in page and code not in ADVICE}
    assert unknown == {}


def test_every_documented_code_of_a_result_is_used() -> None:
    page = (DOCS / "reference" / "codes.md").read_text(encoding="utf-8")
    text = "".join(path.read_text(encoding="utf-8") for path in MODULES)
    assert [code for code in re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE) if f'"{code}"' not in text] == []


def test_a_mark_between_rooms_is_documented_written_and_read() -> None:
    import starling.notices

    codes = {name: code for name, code in vars(starling.notices).items() if name.isupper()}
    page = (DOCS / "reference" / "codes.md").read_text(encoding="utf-8")
    assert codes and [code for code in codes.values() if f"| `{code}` |" not in page] == []
    written = {code for _, code in codes_of_results()}
    assert [code for code in codes.values() if code not in written] == []
    readers = "".join(path.read_text(encoding="utf-8") for path in MODULES if path.parent.name == "report")
    assert [name for name in codes if not re.search(rf"import (?:\([^)]*|.*)\b{name}\b", readers)] == []


def test_a_face_knows_codes_by_their_names_only() -> None:
    """The table of reasons apart, whose codes are those of the reference page."""
    from starling.report.words import REASONS

    page = (DOCS / "reference" / "codes.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `(\w+)` \|", page.split("## Reading")[0], re.MULTILINE))
    assert set(REASONS) == documented
    every = set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
    for path in (SRC / "report").glob("*.py"):
        texts = {node.value for node in ast.walk(tree_of(path)) if isinstance(node, ast.Constant)}
        assert texts & every <= (documented if path.name == "words.py" else set()), name_of(path)


# --- names ------------------------------------------------------------------------------------------------------------

#: Where a gene may be known by name: its own rule, the flows and dose models of one drug, and examples in help texts.
NAMED_GENES = (
    "calling/genes/",
    "guidance/flows/",
    "dosing/",
    "cli/commands.py",
    "cli/dose.py",
    "cli/explain.py",
    "cli/simulate.py",
    "formats/outside/",
)


def texts_of(path: Path) -> Iterator[tuple[int, str]]:
    """(line, text) of every string constant that is no docstring."""
    tree = tree_of(path)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.lineno, node.value


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_gene_is_known_by_name(path: Path) -> None:
    """What is particular about a gene stands in genes.tsv; code asks for the trait."""
    if path.relative_to(SRC).as_posix().startswith(NAMED_GENES):
        return
    names = "|".join(map(re.escape, gene_names()))
    named = re.compile(rf"(?<![\w-])(?:{names})(?![\w-])")
    assert [f"{line}: {text}" for line, text in texts_of(path) if named.search(text)] == []


def gene_names() -> list[str]:
    with (ROOT / "knowledge-base" / "genes.tsv").open(encoding="utf-8", newline="") as handle:
        return [row["gene"] for row in csv.DictReader(handle, delimiter="\t")]


def test_calling_has_the_rules_that_the_tables_may_name() -> None:
    from starling.calling.dispatch import RULES
    from starling.definitions import CALLING_RULES

    assert sorted(RULES) == ["", *CALLING_RULES] == ["", *sorted(CALLING_RULES)]


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_all_is_sorted_and_true(path: Path) -> None:
    for node in tree_of(path).body:
        target = node.target if isinstance(node, ast.AnnAssign) else (getattr(node, "targets", None) or [None])[0]
        if isinstance(target, ast.Name) and target.id == "__all__":
            names = ast.literal_eval(node.value)  # type: ignore[attr-defined]
            assert list(names) == sorted(names)
            assert len(set(names)) == len(names)


def test_every_public_name_is_documented_and_there() -> None:
    import starling

    page = (DOCS / "reference" / "library.md").read_text(encoding="utf-8")
    assert [name for name in starling.__all__ if not hasattr(starling, name)] == []
    assert [name for name in starling.__all__ if f"`{name}" not in page] == []


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_has_tests(room: str) -> None:
    own = list((ROOT / "tests" / room).rglob("test_*.py"))
    elsewhere = [path for path in (ROOT / "tests").rglob("test_*.py") if f"starling.{room}" in path.read_text("utf-8")]
    assert own or elsewhere, f"tests/{room}/ mirrors src/starling/{room}/"


def test_every_gene_is_documented() -> None:
    page = (DOCS / "reference" / "genes.md").read_text(encoding="utf-8")
    assert [gene for gene in gene_names() if gene not in page] == []


def test_every_gene_rule_has_an_explanation() -> None:
    pages = {path.stem for path in (DOCS / "explanation").glob("*.md")}
    genes = {gene.lower() for gene in gene_names()}
    rules = {path.stem.replace("_", "-") for path in (SRC / "calling" / "genes").glob("[!_]*.py")} & genes
    assert [gene for gene in sorted(rules) if not any(gene in page for page in pages)] == []


# --- imports ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_the_clinical_path_imports_the_standard_library_only(path: Path) -> None:
    room = path.relative_to(SRC).parts[0]
    own = {*EXTRAS.get(path.relative_to(SRC).as_posix(), ()), *{**EXTRAS_OF_ROOMS, **WHOLE_ROOMS}.get(room, ())}
    assert sorted(set(imported_packages(path)) - {"starling", *sys.stdlib_module_names, *own}) == []


@pytest.mark.parametrize("room", sorted(EXTRAS_OF_ROOMS))
def test_extras_are_imported_inside_the_functions_that_need_them(room: str) -> None:
    for path in (SRC / room).rglob("*.py"):
        for node in tree_of(path).body:  # `if TYPE_CHECKING:` is a block of its own and is not looked into
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {name.partition(".")[0] for name in names} & EXTRAS_OF_ROOMS[room], name_of(path)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_nothing_evaluates_text_or_imports_by_star(path: Path) -> None:
    for node in ast.walk(tree_of(path)):
        assert not (isinstance(node, ast.Name) and node.id in {"eval", "exec", "globals"}), node.lineno
        assert not (isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)), node.lineno
        assert not isinstance(node, ast.Global), node.lineno


def test_import_starling_is_light() -> None:
    script = "import sys; before = set(sys.modules); import starling; print(*sorted(set(sys.modules) - before))"
    command = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(ROOT / 'src')!r}); {script}"]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    ours = [name for name in loaded if name.partition(".")[0] == "starling"]
    assert len(ours) <= IMPORT_BUDGET, ours
    assert sorted(HEAVY & set(loaded)) == []


# --- the tree ---------------------------------------------------------------------------------------------------------


def test_no_path_of_somebodys_machine_and_no_left_over() -> None:
    # Written in pieces, so that this file does not hold them itself.
    forbidden = re.compile(
        "|".join(("/wo" + "rk/", "/ho" + "me/", "/ro" + "ot/", "TO" + "DO", "FIX" + "ME", "XX" + "X:"))
    )
    found = []
    for path in tracked_files():
        if path.suffix in {".gz", ".png", ".kb", ".tbi"} or "knowledge-base" in path.parts:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if forbidden.search(line):
                found.append(f"{name_of(path)}:{number}: {line.strip()[:80]}")
    assert found == []


@pytest.mark.parametrize("path", sorted((ROOT / "requirements").glob("*.txt")), ids=name_of)
def test_lock_files_pin_hashes_and_name_no_index(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"(?i)--(?:extra-)?index-url|--find-links|https?://|file:", text) == []
    pinned = re.findall(r"^[a-z0-9][^\s;]*", text, re.MULTILINE | re.IGNORECASE)
    assert pinned and all("==" in line for line in pinned)
    assert text.count("--hash=sha256:") >= len(pinned)


def test_suppressions_are_few_and_say_what() -> None:
    lines = [line for path in MODULES for line in path.read_text(encoding="utf-8").splitlines()]
    suppressed = [line for line in lines if re.search(r"#\s*(noqa|type:\s*ignore|pragma:)", line)]
    assert [line for line in suppressed if re.search(r"#\s*noqa(?!:)|type:\s*ignore(?!\[)", line)] == []
    assert len(suppressed) <= 3 * len(lines) / 1000


def test_the_version_is_stated_once() -> None:
    from starling._version import __version__

    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"version: {__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    holders = [name_of(path) for path in MODULES if f'"{__version__}"' in path.read_text(encoding="utf-8")]
    assert holders == ["src/starling/_version.py"]
