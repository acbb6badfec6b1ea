"""The command: exit codes, formats, what goes to stdout and what to stderr."""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from starling.cli.commands import COMMANDS, parsed, whole_parser
from starling.cli.completion import option_values
from starling.cli.report import FORMATS
from tests.commands import run
from tests.facts import DRUGS, GENES

EXAMPLE = Path(__file__).parents[2] / "src" / "starling" / "examples" / "example.vcf"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(EXAMPLE.parents[2])}


def without_times(report: str) -> str:
    return re.sub(r"\d{1,2} [A-Z][a-z]+ \d{4}, \d{2}:\d{2} UTC", "", report)


def test_the_report_of_the_example_is_shown_without_colour_in_a_pipe() -> None:
    """By a process started cold under a locale that is not UTF-8; `run` shows the same."""
    command = [sys.executable, "-X", "utf8=0", "-m", "starling", "report", str(EXAMPLE)]
    done = subprocess.run(command, capture_output=True, check=False, env={**ENVIRONMENT, "LC_ALL": "C"})
    assert done.returncode == 0, done.stderr
    assert b"CYP2C19" in done.stdout
    assert b"\x1b[" not in done.stdout
    assert done.stderr == b""
    here = run("report", EXAMPLE)
    assert without_times(here.out) == without_times(done.stdout.decode())
    assert (here.code, here.err) == (0, "")


@pytest.mark.parametrize(
    ("suffix", "begins"),
    [(".json", b'{"schema":'), (".jsonl", b'{"sample":'), (".tsv", b"sample\t"), (".html", b"<!"), (".txt", b"\xe2")],
)
def test_the_suffix_of_the_output_decides_the_format(tmp_path: Path, suffix: str, begins: bytes) -> None:
    target = tmp_path / f"out{suffix}"
    assert run("report", EXAMPLE, "-o", str(target)).code == 0
    assert target.read_bytes().startswith(begins)
    assert list(tmp_path.iterdir()) == [target], "nothing temporary is left behind"


def test_the_document_always_holds_every_gene_and_drug(tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    assert run("report", EXAMPLE, "-o", str(target), "--gene", "TPMT", "--drug", "codeine").code == 0
    document = json.loads(target.read_text())
    assert document["schema"] == "starling.assessments/1"
    (person,) = document["assessments"]
    assert len(person["genes"]) == len(GENES)
    assert len(person["drugs"]) == len(DRUGS)


def test_standard_input_gives_the_same_calls_as_the_file() -> None:
    from_file = json.loads(run("report", EXAMPLE, "--format", "json").out)["assessments"][0]
    from_pipe = json.loads(run("report", "-", "--format", "json", stdin=EXAMPLE.read_bytes()).out)["assessments"][0]
    assert from_pipe["genes"] == from_file["genes"]
    assert from_pipe["drugs"] == from_file["drugs"]


def test_the_result_digest_does_not_depend_on_the_day(tmp_path: Path) -> None:
    first, second = (json.loads(run("report", EXAMPLE, "--format", "json").out) for _ in range(2))
    assert first["assessments"][0]["result_sha256"] == second["assessments"][0]["result_sha256"]


def test_check_answers_first() -> None:
    done = run("check", "Plavix", EXAMPLE)
    assert done.code == 0, done.err
    assert "clopidogrel" in done.out.lower()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("check", "clopidogril", EXAMPLE), "clopidogrel"),
        (("report", EXAMPLE, "--subject", "colour=blue"), "birth_date"),
        (("report", EXAMPLE, "--gene", "CYP9Z9", "--format", "tsv"), "CYP9Z9"),
        (("report", EXAMPLE, "-o", "out.docx"), ".json"),
        (("report", EXAMPLE, "--sample", "NOBODY"), "NOBODY"),
        (("report", EXAMPLE, "--min-dp", "-1"), "--min-dp"),
        (("report", EXAMPLE, "-o", "missing/out.json"), "missing"),
        (("explain", "nonsense"), "nonsense"),
        (("simulate", "-o", "x.vcf", "--diplotype", "CYP2C19"), "--diplotype"),
        (("simulate", "-o", "x.vcf", "--missing", "2"), "--missing"),
    ],
)
def test_a_wrong_option_is_one_clear_line_and_exit_code_2(
    arguments: tuple[str, ...], says: str, tmp_path: Path
) -> None:
    done = run(*arguments, cwd=tmp_path)
    assert done.code == 2
    assert says in done.err
    assert done.err.count("\n") == 1
    assert done.out == ""
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def two_people(tmp_path: Path) -> Path:
    """The example twice, as two samples of one file."""
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    heads = [line for line in lines if line.startswith("##")]
    columns = next(line for line in lines if line.startswith("#CHROM"))
    records = [line + "\t" + line.rsplit("\t", 1)[1] for line in lines if not line.startswith("#")]
    path = tmp_path / "two.vcf"
    path.write_text("\n".join([*heads, columns + "\tOTHER", *records]) + "\n", encoding="utf-8")
    return path


def test_several_people_become_a_page_each(two_people: Path, tmp_path: Path) -> None:
    pages = tmp_path / "pages"
    pages.mkdir()
    assert run("report", str(two_people), "-o", str(pages)).code == 0
    assert sorted(page.name for page in pages.iterdir()) == ["EXAMPLE.html", "OTHER.html"]


@pytest.mark.parametrize("said", [("--subject", "name=Ada"), ("-m", "paroxetine"), ("--sex", "female")])
def test_what_is_said_of_one_patient_is_refused_for_several(two_people: Path, said: tuple[str, str]) -> None:
    refused = run("report", str(two_people), *said)
    assert refused.code == 2
    assert "[SEVERAL_PATIENTS]" in refused.err
    assert refused.out == ""
    assert run("report", str(two_people), *said, "--sample", "OTHER").code == 0


def test_nothing_called_is_exit_code_5(tmp_path: Path) -> None:
    header = [line for line in EXAMPLE.read_text().splitlines(keepends=True) if line.startswith("#")]
    empty = tmp_path / "empty.vcf"
    empty.write_text("".join(header))
    assert run("report", str(empty)).code == 5


def test_a_closed_pipe_ends_quietly() -> None:
    reader = subprocess.Popen(
        f"{sys.executable} -m starling report {EXAMPLE} --format json | head -c 10",
        shell=True,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    _, complaints = reader.communicate(timeout=60)
    assert complaints == b""


@pytest.mark.parametrize(("closed", "code"), [(">&-", 2), (">&- 2>&-", 2), ("-o out.json >&- 2>&-", 0)])
def test_closed_streams_are_no_defect(closed: str, code: int, tmp_path: Path) -> None:
    done = subprocess.run(
        f"{sys.executable} -m starling report {EXAMPLE} {closed}",
        shell=True,
        env=ENVIRONMENT,
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    assert done.returncode == code
    assert "2>" in closed or done.stderr.endswith(b"[OUTPUT_UNWRITABLE]\n")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("CYP2D6", "every test should cover"),
        ("CYP2C19*2", "No function"),
        ("rs9923231", "VKORC1"),
        ("warfarin", "CPIC"),
        ("HLA-B", "outside"),
        ("DPYD*2A", "c.1905+1G>A"),
    ],
)
def test_explain_knows_genes_alleles_rsids_and_drugs(name: str, says: str) -> None:
    done = run("explain", name)
    assert done.code == 0, done.err
    assert says in done.out


def test_genes_and_drugs_are_listed() -> None:
    assert len(run("genes").out.splitlines()) == 1 + len(GENES), "a head and the genes"
    assert set(DRUGS) < set(run("drugs", "--names").out.splitlines())


def test_a_simulated_patient_is_reported_as_simulated(tmp_path: Path) -> None:
    patient, truth = tmp_path / "patient.vcf", tmp_path / "truth.json"
    done = run("simulate", "-o", str(patient), "--truth", str(truth), "--seed", "3", "--diplotype", "CYP2C19=*2/*17")
    assert done.code == 0, done.err
    report = json.loads(run("report", str(patient), "--format", "json").out)["assessments"][0]
    gene = next(gene for gene in report["genes"] if gene["gene"] == "CYP2C19")
    assert gene["label"] == "*2/*17"
    assert truth.exists()


def test_the_doctor_finds_a_sound_installation() -> None:
    done = run("doctor")
    assert done.code == 0, done.out
    assert done.out.endswith("sound\n")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_names_every_command(shell: str) -> None:
    script = run("completion", shell).out
    for command in ("report", "check", "explain", "simulate", "knowledge", "doctor"):
        assert command in script


def test_the_bash_completion_completes() -> None:
    script = run("completion", "bash").out
    ask = f'{script}\nCOMP_WORDS=(starling rep); COMP_CWORD=1; _starling; echo "${{COMPREPLY[@]}}"'
    done = subprocess.run(["bash", "-c", ask], capture_output=True, check=True, text=True)
    assert done.stdout.split() == ["report"]


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("starling report x.vcf --format js", {"json"}),
        ("starling report x.vcf --sex ", {"male", "female", "unknown"}),
        ("starling completion z", {"zsh"}),
        ("starling report --build GRCh3", {"GRCh37", "GRCh38"}),
    ],
)
def test_the_bash_completion_knows_the_words_that_an_option_takes(typed: str, offered: set[str]) -> None:
    words = typed.split(" ")
    quoted = " ".join(f"'{word}'" for word in words)
    ask = f'COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _starling; echo "${{COMPREPLY[@]}}"'
    done = subprocess.run(
        ["bash", "-c", f"{run('completion', 'bash').out}\n{ask}"], capture_output=True, check=True, text=True
    )
    assert set(done.stdout.split()) == offered


def test_completion_offers_every_word_of_every_option_to_every_shell() -> None:
    values = option_values()
    assert set(FORMATS) == set(values["report"]["--format"])
    for shell in ("bash", "zsh", "fish"):
        script = run("completion", shell).out
        missing = [
            (name, option)
            for name, options in values.items()
            for option, choices in options.items()
            if " ".join(choices) not in script
        ]
        assert missing == []


def examples_of(words: tuple[str, ...]) -> list[list[str]]:
    """The command lines that a help text shows, without what is said beside them."""
    shown = re.sub(r"\s*\\\n\s*", " ", run(*words, "--help").out.partition("example")[2])
    lines = [line.strip() for line in shown.splitlines() if line.startswith("  starling ")]
    typed = [re.split(r" {2,}| > | \| ", line)[0] for line in lines]
    return [shlex.split(line)[1:] for line in typed if "COMMAND" not in line]


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_every_help_teaches_by_examples_that_the_command_takes(name: str) -> None:
    examples = examples_of((name,) if name else ())
    assert examples, "a help text without an example"
    for example in examples:
        assert parsed(example).run is not None, example


def test_knowledge_says_what_it_is(tmp_path: Path) -> None:
    info = run("knowledge", "info").out
    assert f"drugs      {len(DRUGS)}" in info
    assert run("knowledge", "inspect", str(EXAMPLE.parents[3] / "knowledge-base")).code == 0
    other = tmp_path / "other.kb"
    assert run("knowledge", "compile", str(EXAMPLE.parents[3] / "knowledge-base"), "-o", str(other)).code == 0
    assert run("knowledge", "compare", str(other), str(other)).out == "no clinical difference\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("reprot", EXAMPLE), "did you mean report?"),
        (("frobnicate",), "completion"),
        ((EXAMPLE,), "starling report"),
        (("report", EXAMPLE, "--build", "hg18"), "GRCh38, GRCh37"),
        (("report", EXAMPLE, "--sex", "M"), "did you mean male?"),
        (("report", EXAMPLE, "--bild", "GRCh38"), "did you mean --build?"),
        (("check", "codeine", EXAMPLE, "--medicaton=omeprazole"), "did you mean --medication?"),
        (("report", EXAMPLE, "--min-dp", "ten"), "--min-dp"),
        (("report", EXAMPLE, "-x"), "-x"),
        (("report",), "INPUT"),
        (("cohort", "cal", "x"), "did you mean call?"),
        (("check", EXAMPLE, "codeine"), "the drug comes first: starling check codeine"),
        (("dose", EXAMPLE, "warfarin"), "the drug comes first: starling dose warfarin"),
        (("check", "CYP2D6", EXAMPLE), "CYP2D6 is a gene"),
        (("check", "missing.vcf", "codeine"), "the drug comes first: starling check codeine missing.vcf"),
        (("report", "codeine", EXAMPLE), "starling check codeine"),
    ],
)
def test_arguments_that_fit_nothing_are_one_line_that_says_what_was_meant(
    arguments: tuple[str, ...], says: str, tmp_path: Path
) -> None:
    done = run(*arguments, cwd=tmp_path)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert says in done.err
    assert done.err.endswith(" [BAD_ARGUMENTS]\n")


def test_whoever_names_nothing_is_shown_what_there_is() -> None:
    done = run()
    assert (done.code, done.err) == (0, "")
    assert "starling check codeine patient.vcf.gz" in done.out


@pytest.mark.parametrize(("command", "verb"), [("node", "init"), ("cohort", "call"), ("knowledge", "compile")])
def test_a_command_without_its_verb_names_those_there_are(command: str, verb: str) -> None:
    done = run(command)
    assert (done.code, done.out) == (2, "")
    assert f"{command}: no verb was named; there are: {verb}, " in done.err
    assert f"`starling {command} --help`" in done.err


def test_an_error_names_the_help_of_the_verb_that_was_typed() -> None:
    assert "`starling node issue --help`" in run("node", "issue", "x", "y", "--role", "nurse", "-o", "x.pem").err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("{}",), "BAD_ARGUMENTS"),
        (("check", "warfarin", "{}"), "UNKNOWN_DRUG"),
        (("dose", "{}"), "UNKNOWN_DRUG"),
        (("report", EXAMPLE, "-o", "{}.json"), "FILE_UNREADABLE"),
    ],
)
def test_a_word_too_long_for_a_path_is_no_fault_of_standard_output(arguments: tuple[str, ...], code: str) -> None:
    done = run(*(str(argument).format("x" * 5000) for argument in arguments))
    assert (done.code, done.out) == (2, "")
    assert done.err.endswith(f" [{code}]\n")
    assert "standard output" not in done.err


def test_a_missing_file_is_named() -> None:
    done = run("check", "codeine", "nowhere.vcf")
    assert (done.code, done.out) == (2, "")
    assert "nowhere.vcf" in done.err and "[FILE_NOT_FOUND]" in done.err


@pytest.mark.parametrize("verb", ["compile", "inspect"])
def test_fact_tables_that_are_not_there_are_said_to_be_in_the_source_tree(verb: str, tmp_path: Path) -> None:
    done = run("knowledge", verb, cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert "knowledge-base/ of the source tree" in done.err and "[FILE_NOT_FOUND]" in done.err


@pytest.mark.parametrize(("said", "build"), [("hg38", "GRCh38"), ("HG38", "GRCh38"), ("b37", "GRCh37")])
def test_a_build_is_known_by_its_other_names(said: str, build: str, tmp_path: Path) -> None:
    silent = tmp_path / "silent.vcf"
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines(keepends=True)
    silent.write_text("".join(line for line in lines if not line.startswith(("##contig", "##reference"))))
    done = run("report", silent, "--build", said, "--format", "json")
    assert json.loads(done.out)["assessments"][0]["provenance"]["options"]["build"] == build


def test_an_unknown_drug_is_said_once() -> None:
    done = run("check", "clopidogril", EXAMPLE)
    assert done.err.casefold().count("not in this knowledge base") == 1
    assert "clopidogrel" in done.err


def every_help() -> list[tuple[str, ...]]:
    parser = whole_parser()
    (commands,) = (each for each in parser._actions if isinstance(each, argparse._SubParsersAction))
    found: list[tuple[str, ...]] = [()]
    for name, command in commands.choices.items():
        verbs = [each for each in command._actions if isinstance(each, argparse._SubParsersAction)]
        found += [(name,), *((name, verb) for each in verbs for verb in each.choices)]
    return found


@pytest.mark.parametrize("columns", ["80", "200"])
def test_no_line_of_a_help_text_is_wider_than_80_columns(columns: str) -> None:
    wide = [
        (words, line)
        for words in every_help()
        for line in run(*words, "--help", env={"COLUMNS": columns}).out.splitlines()
        if len(line) > 80
    ]
    assert wide == []


@pytest.mark.parametrize("attack", ["\x1b[2J", "\x9b2J", "\u202e", "\r", "\x07"])
def test_nothing_that_is_quoted_steers_the_terminal(attack: str, tmp_path: Path) -> None:
    named = tmp_path / f"a{attack}b.vcf"
    tried = [
        run("report", EXAMPLE, "--sample", f"NOBODY{attack}"),
        run("report", named),
        run("check", f"xodein{attack}", EXAMPLE),
        run(f"reprot{attack}"),
        run("report", EXAMPLE, f"--bild{attack}"),
        run("report", EXAMPLE, "--subject", f"a{attack}=b"),
    ]
    for done in tried:
        assert done.code == 2
        assert done.err.count("\n") == 1
        assert attack not in done.err


def people_named(names: tuple[str, ...], path: Path) -> Path:
    """The example once for each name, as samples of one file."""
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    heads = [line for line in lines if line.startswith("##")]
    columns = next(line for line in lines if line.startswith("#CHROM")).rsplit("\t", 1)[0]
    records = [line + ("\t" + line.rsplit("\t", 1)[1]) * (len(names) - 1) for line in lines if not line.startswith("#")]
    path.write_text("\n".join([*heads, "\t".join((columns, *names)), *records]) + "\n", encoding="utf-8")
    return path


def test_pages_of_names_that_differ_in_case_alone_do_not_collide(tmp_path: Path) -> None:
    pages = tmp_path / "pages"
    pages.mkdir()
    names = ("Pat1", "PAT1", "pat1", "Other", "pat1~2")
    assert run("report", people_named(names, tmp_path / "people.vcf"), "-o", pages).code == 0
    written = sorted(page.name for page in pages.iterdir())
    assert len({name.casefold() for name in written}) == len(names)
    shown = "".join(page.read_text(encoding="utf-8") for page in pages.iterdir())
    assert all(f'<p class="whose">{name}</p>' in shown for name in names)


def test_two_writers_to_one_output_both_end_well(tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    command = [sys.executable, "-m", "starling", "report", str(EXAMPLE), "-o", str(target)]
    writers = [subprocess.Popen(command, env=ENVIRONMENT, stderr=subprocess.PIPE) for _ in range(2)]
    assert [(writer.communicate()[1], writer.returncode) for writer in writers] == [(b"", 0)] * 2
    assert len(json.loads(target.read_text(encoding="utf-8"))["assessments"]) == 1
    assert list(tmp_path.iterdir()) == [target]


def test_a_drug_as_prescribed_is_answered_and_says_as_what_it_was_read() -> None:
    done = run("check", "Plavix 75 mg tablets", EXAMPLE)
    assert (done.code, done.err) == (0, "")
    assert "'Plavix 75 mg tablets' was read as clopidogrel" in " ".join(done.out.split())
    shown = run("report", EXAMPLE, "--drug", "omeprazol 20 mg")
    assert "'omeprazol 20 mg' was read as omeprazole" in " ".join(shown.out.split())


def test_a_combination_of_several_drugs_is_asked_about_one_by_one() -> None:
    done = run("check", "codeine/tramadol", EXAMPLE)
    assert (done.code, done.out) == (2, "")
    assert "ask about one of them: codeine, tramadol" in done.err


def test_a_medicine_that_nobody_knows_refuses_nothing_and_is_named() -> None:
    done = run("check", "codeine", EXAMPLE, "-m", "paroxetin 20 mg,xyzzy,bezafibrate/simvastatin")
    said = " ".join(done.out.split())
    assert (done.code, done.err) == (0, "")
    assert "'xyzzy' is not known here" in said and "'bezafibrate' is not known here" in said
    assert "'paroxetin 20 mg' was read as paroxetine" in said
    assert "paroxetine" in json.dumps(json.loads(run("report", EXAMPLE, "-m", "paroxetin", "--format", "json").out))
