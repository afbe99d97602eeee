"""Commands in the documentation exist: options of ours, make targets, chart values, conditions."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema
import pytest
import yaml

from katydid.cli.main import COMMANDS
from katydid.cli.options import build_parser
from katydid_operator.kubectl.options import parser as plugin_parser

ROOT = Path(__file__).resolve().parents[2]
ADDED = re.compile(r'add_argument\(\s*"(--[\w-]+)"')
OF_LOCUSTFILES = {
    option
    for file in (ROOT / "examples").rglob("locustfile.py")
    for option in ADDED.findall(file.read_text("utf-8"))
}
OF_RUN = {"--workers", "--results", "--source-dir", "--env-file", "--role"}
KUBECTL_VERBS = {
    "annotate", "apply", "create", "delete", "describe", "get", "logs", "patch", "port-forward",
    "rollout", "scale", "wait",
}  # fmt: skip


Words = list[str]


def options_of(words: Words) -> list[str]:
    return [word.partition("=")[0] for word in words if re.match(r"-\w$|--\w", word)]


def check_plugin(words: Words, _: Any) -> None:
    known = set(plugin_commands()[words[0]]._option_string_actions)
    assert set(options_of(words)) <= known, f"no such option: {set(options_of(words)) - known}"
    plugin_parser().parse_args(words)


def check_engine(words: Words, _: Any) -> None:
    command = words[0] if words and words[0] in COMMANDS else ""
    if command == "demo" and "--" in words:
        place = words.index("--")
        check_engine(["run", *words[place + 1 :]], None)
        words = words[:place]
    if command == "exec":
        return  # what follows is the script's own
    if command and command != "run":
        known = subcommand_options(command)
    else:
        shipped = build_parser(config_files=(), custom_arguments=False)
        known = set(shipped._option_string_actions) | (OF_RUN if command == "run" else set())
    known |= OF_LOCUSTFILES
    unknown = [option for option in options_of(words) if option not in known]
    assert not unknown, f"katydid {command} has no {unknown}"


def subcommand_options(command: str) -> set[str]:
    """Options that the module of a subcommand defines, as they stand in its source."""
    modules = {"demo": "demo/options.py"}
    source = ROOT / "runner" / "katydid" / modules.get(command, f"cli/{command}.py")
    return set(ADDED.findall(source.read_text("utf-8")))


def check_helm(words: Words, schema: dict[str, Any]) -> None:
    assert words[0] in ("install", "upgrade", "uninstall", "test", "template"), words[0]
    settings = [words[i + 1] for i, word in enumerate(words) if word == "--set"]
    given: dict[str, Any] = {}
    for setting in ",".join(settings).split(",") if settings else ():
        path, equals, text = setting.partition("=")
        assert equals, f"--set {setting} has no value"
        *groups, name = path.split(".")
        place = given
        for group in groups:
            place = place.setdefault(group, {})
        place[name] = yaml.safe_load(text) if text else ""
    jsonschema.validate(given, schema)


def check_make(words: Words, _: Any) -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    unknown = {word for word in words if "=" not in word and not word.startswith("-")} - targets
    assert not unknown, f"make has no {unknown}"


def check_kubectl(words: Words, definition: dict[str, Any]) -> None:
    verb = next(word for index, word in enumerate(words) if is_verb(words, index))
    assert verb in KUBECTL_VERBS, verb
    is_ours = any(re.match(r"(loadtests?|kdt)(/|$)", word) for word in words)
    for word in words if is_ours else ():
        condition = re.fullmatch(r"--for=condition=(\w+)", word)
        if condition:
            described = definition["schema"]["openAPIV3Schema"]["properties"]["status"]
            known = described["properties"]["conditions"]["description"]
            assert condition[1] in re.findall(r"\w+", known), f"no condition {condition[1]}"
        for path in re.findall(r"\{\.([\w.]+)\}", word):
            schema = definition["schema"]["openAPIV3Schema"]
            for key in path.split("."):
                assert key in schema["properties"], f"a LoadTest has no {path}"
                schema = schema["properties"][key]


def is_verb(words: Words, index: int) -> bool:
    before = words[index - 1] if index else ""
    return not words[index].startswith("-") and before not in ("--namespace", "-n")


CHECKS: dict[str, Callable[[Words, Any], None]] = {
    "katydid": check_engine,
    "kubectl-katydid": check_plugin,
    "kubectl katydid": check_plugin,
    "kubectl": check_kubectl,
    "helm": check_helm,
    "make": check_make,
}
NEEDS_NO_CHECK = {
    "eval",
    "base64",
    "tar",
    ".",
    "git",
    "curl",
    "cd",
    "kind",
    "pip",
    "python",
    "./cluster",
}


def check(words: Words, values_schema: dict[str, Any], definition: dict[str, Any]) -> str:
    """Check a command; returns the program."""
    program, rest = words[0], words[1:]
    if program == "kubectl" and rest[:1] == ["katydid"]:
        program, rest = "kubectl katydid", rest[1:]
    if program not in CHECKS:
        assert program in NEEDS_NO_CHECK, f"nothing checks {program}"
        return program
    CHECKS[program](rest, definition if program == "kubectl" else values_schema)
    return program


def test_commands_of_a_block(
    reader: ModuleType,
    console_block: Any,
    values_schema: dict[str, Any],
    definition: dict[str, Any],
) -> None:
    for line, words in reader.commands(console_block, CHECKS):
        try:
            check(words, values_schema, definition)
        except (AssertionError, SystemExit, jsonschema.ValidationError, StopIteration) as error:
            pytest.fail(f"line {line}: {' '.join(words)}: {error}")


def test_commands_between_backquotes(
    reader: ModuleType, page: Path, values_schema: dict[str, Any], definition: dict[str, Any]
) -> None:
    for number, line in reader.prose(page):
        for code in re.findall(r"`((?:kubectl[ -]katydid|katydid|helm|make) [^`]+)`", line):
            if "…" in code or "NAME" in code or "--master-host" in code:
                continue  # a sketch
            for words in reader.simple_commands(code):
                if words[:1] == ["katydid"] and words[1:2] and words[1] in ("loads", "itself"):
                    continue
                try:
                    check_sketch(words, values_schema, definition)
                except (AssertionError, SystemExit, jsonschema.ValidationError) as error:
                    pytest.fail(f"line {number}: {code}: {error}")


def check_sketch(words: Words, values_schema: dict[str, Any], definition: dict[str, Any]) -> None:
    """A command in a sentence may leave its arguments out, not be another one."""
    plugin = words[1:] if words[0] == "kubectl-katydid" else words[2:]
    if words[0] == "kubectl-katydid" or words[:2] == ["kubectl", "katydid"]:
        commands = plugin_commands()
        if plugin:
            assert plugin[0] in commands, f"no command {plugin[0]}"
            known = set(commands[plugin[0]]._option_string_actions)
            assert set(options_of(plugin)) <= known
        return
    check(words, values_schema, definition)


def plugin_commands() -> dict[str, Any]:
    for action in plugin_parser()._actions:
        if isinstance(action.choices, dict):
            return dict(action.choices)
    raise AssertionError("the plugin has no commands")


def test_arguments_of_pipelines(reader: ModuleType) -> None:
    """The plugin is called rightly in the recipes for CI, wherever that stands in them."""
    page = ROOT / "docs" / "how-to" / "ci.md"
    called = 0
    for block in reader.blocks(page):
        if block.language != "yaml":
            continue
        for words in plugin_calls(yaml.safe_load_all(block.text)):
            given = plugin_parser().parse_args(words)
            assert given.command == "run"
            assert given.wait
            called += 1
    assert called == 4


def plugin_calls(value: Any) -> list[Words]:
    """Arguments of kubectl-katydid in commands, args and scripts of a document."""
    if isinstance(value, dict):
        if value.get("command") == ["kubectl-katydid"]:
            return [list(value["args"])]
        return [call for part in value.values() for call in plugin_calls(part)]
    if isinstance(value, str):
        match = re.search(r"(?:^|\s)run -f [^\n]+", value)
        return [match.group().split()] if match else []
    if hasattr(value, "__iter__"):
        return [call for part in value for call in plugin_calls(part)]
    return []


@pytest.mark.parametrize(
    "words",
    [
        "kubectl katydid run --file x.yaml",
        "katydid run x.yaml --no-such-option",
        "katydid report x --pdf y",
        "helm install katydid charts/katydid --set imag.tag=1",
        "helm install katydid charts/katydid --set rbac.scope=galaxy",
        "make everything",
        "kubectl wait loadtest/x --for=condition=Done",
        "kubectl get loadtest x --output jsonpath={.status.verdikt}",
        "rm -rf x",
    ],
)
def test_a_wrong_command_is_found(
    words: str, values_schema: dict[str, Any], definition: dict[str, Any]
) -> None:
    with pytest.raises((AssertionError, SystemExit, jsonschema.ValidationError)):
        check(words.split(), values_schema, definition)


def test_the_page_of_the_plugin_is_the_generated_one() -> None:
    path = ROOT / "docs" / "reference" / "generate_kubectl_katydid.py"
    spec = importlib.util.spec_from_file_location("generate_kubectl_katydid", path)
    assert spec is not None
    assert spec.loader is not None
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)
    assert path.with_name("kubectl-katydid.md").read_text("utf-8") == generator.page()


def test_the_columns_that_the_quickstart_shows(definition: dict[str, Any]) -> None:
    text = (ROOT / "docs" / "quickstart.md").read_text("utf-8")
    [header] = re.findall(r"^NAME +(.*AGE)$", text, re.MULTILINE)
    columns = [
        one["name"].upper()
        for one in definition["additionalPrinterColumns"]
        if not one.get("priority")
    ]
    assert header.split() == columns
