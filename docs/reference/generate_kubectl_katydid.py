"""Writes docs/reference/kubectl-katydid.md from the plugin's own parser.

Run it in the project's environment: `python generate_kubectl_katydid.py`. A test asserts that the
committed page is up to date.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from katydid_operator.kubectl.exits import Exit
from katydid_operator.kubectl.options import parser

PAGE = Path(__file__).with_name("kubectl-katydid.md")

HEAD = """# kubectl katydid

<!-- Generated from its options by docs/reference/generate_kubectl_katydid.py; do not edit. -->

{description} How to use it: [kubectl katydid](../how-to/kubectl-katydid.md).
The program is `kubectl-katydid`; with it on the `PATH`, `kubectl katydid` works as well.

| command | |
| --- | --- |
{commands}
Every command but `init` and `convert` talks to the cluster of the kubeconfig. Without one,
in a pod, it uses the pod's service account.

| option of all these | |
| --- | --- |
{shared}

## Exit codes

{exits}
"""

SHARED = ("namespace", "kubeconfig", "context")

MEANING = {
    Exit.PASSED: "done; of commands that wait: the verdict is Passed",
    Exit.REQUESTS_FAILED: "requests failed, and there were no thresholds",
    Exit.THRESHOLD_BREACHED: "a threshold was not met",
    Exit.STOPPED_EARLY: "the run was stopped",
    Exit.USAGE: "bad usage, or the API server refused",
    Exit.LOCUSTFILE: "the locustfile cannot be used",
    Exit.INTERNAL: "the run broke, the cluster does not answer, or `--timeout` is over",
    Exit.WORKERS_NOT_READY: "the run never made load",
}


def page() -> str:
    """The whole page."""
    made = parser()
    commands = dict(_commands(made))
    rows = "".join(
        f"| [`{name}`](#{name}) | {one.description} |\n" for name, one in commands.items()
    )
    shared = [action for action in commands["watch"]._actions if action.dest in SHARED]
    exits = "| code | |\n| --- | --- |\n" + "".join(
        f"| {int(code)} | {MEANING[code]} |\n" for code in Exit
    )
    parts = [
        HEAD.format(
            description=made.description,
            commands=rows,
            shared=_rows(shared).rstrip(),
            exits=exits.rstrip(),
        )
    ]
    parts += [_section(name, one) for name, one in commands.items()]
    return "\n".join(parts)


def _commands(made: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for action in made._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.items()


def _section(name: str, one: argparse.ArgumentParser) -> str:
    own = [action for action in one._actions if action.dest not in ("help", *SHARED)]
    return f"## {name}\n\n{one.description}\n\n| argument | |\n| --- | --- |\n{_rows(own)}"


def _rows(actions: Iterable[argparse.Action]) -> str:
    return "".join(f"| {_title(action)} | {_text(action)} |\n" for action in actions)


def _title(action: argparse.Action) -> str:
    if not action.option_strings:
        name = action.dest.upper()
        return f"`{name}`" if action.required else f"`[{name}]`"
    value = "" if action.nargs == 0 else f" {action.metavar or action.dest.upper()}"
    return ", ".join(f"`{option}{value}`" for option in action.option_strings)


def _text(action: argparse.Action) -> str:
    text = (action.help or "") % {"default": f"`{action.default}`"}
    parts = [text[:1].upper() + text[1:].replace("|", "\\|")]
    if action.required and action.option_strings:
        parts.append("**Required.**")
    if isinstance(action, argparse._AppendAction) and "repeatable" not in text:
        parts.append("May be repeated.")
    if action.default not in (None, False) and "(" not in (action.help or ""):
        parts.append(f"Default: `{action.default}`.")
    return " ".join(part if part.endswith((".", "**")) else f"{part}." for part in parts if part)


def main() -> int:
    PAGE.write_text(page(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
