"""The command line of `kubectl katydid`: one parser for each command."""

from __future__ import annotations

import argparse
from pathlib import Path

DESCRIPTION = "Run and watch LoadTests in a Kubernetes cluster."
EPILOG = """\
examples:
  kubectl katydid init checkout                  a locustfile and a LoadTest to begin with
  kubectl katydid run -f loadtest.yaml --wait    start a run and follow it to its verdict
  kubectl katydid run -f loadtest.yaml --wait --junit junit.xml --report report.html   in CI
  kubectl katydid logs -f checkout               what all pods say
  kubectl katydid stop checkout                  end it gracefully

exit codes of commands that wait:
  0 passed   1 requests failed   3 threshold breached   4 stopped early
  64 bad usage or refused   65 locustfile error   70 internal   75 workers never ready
"""
COMPARED = """a run is one of
  NAME        the latest finished run of a LoadTest
  NAME/RUN    one of its earlier runs, such as checkout/3
  FILE        a run.json (its path ends so), or ./FOLDER that holds one: saved results

Of the latest finished run the cluster keeps the results, of earlier ones a row of numbers
(verdict, users, RPS, failures, p95). Where both runs have their results and `katydid` is
installed, `katydid compare` shows them by request; else the rows are compared. Save the
results of each run with `kubectl katydid report` to compare any two of them."""
NAME = "of the LoadTest"


class Parser(argparse.ArgumentParser):
    """Ends with 64 for bad usage, as every other command of Katydid."""

    def exit(self, status: int = 0, message: str | None = None) -> None:  # type: ignore[override]  # argparse says NoReturn; so it is
        super().exit(64 if status == 2 else status, message)


def parser() -> argparse.ArgumentParser:
    made = Parser(
        prog="kubectl katydid",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    cluster = Parser(add_help=False)
    cluster.add_argument("-n", "--namespace", help="default: that of the kubeconfig's context")
    cluster.add_argument("--kubeconfig", metavar="FILE", help="default: as kubectl's")
    cluster.add_argument("--context", help="of the kubeconfig (default: the current one)")
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, text: str, *, of_cluster: bool = True) -> argparse.ArgumentParser:
        parents = [cluster] if of_cluster else []
        return commands.add_parser(name, help=text, description=text, parents=parents)

    run = command("run", "Apply a LoadTest and what stands beside it, and start a run.")
    _files(run)
    _waiting(run)
    watch = command("watch", "Follow a run to its verdict; the exit code tells it.")
    watch.add_argument("name", help=NAME)
    _following(watch)
    logs = command("logs", "The logs of all pods of a run, merged.")
    logs.add_argument("name", help=NAME)
    logs.add_argument("-f", "--follow", action="store_true", help="go on until the run is over")
    logs.add_argument("--run", type=int, help="an earlier run (default: the latest)")
    stop = command("stop", "End a run gracefully.")
    stop.add_argument("name", help=NAME)
    _waiting(stop)
    rerun = command("rerun", "Start the next run of a LoadTest that is finished.")
    rerun.add_argument("name", help=NAME)
    _waiting(rerun)
    scale = command("scale", "Set the number of worker pods, of a running test too.")
    scale.add_argument("name", help=NAME)
    scale.add_argument("replicas", type=int, help="worker pods, at least 1")
    ui = command("ui", "Forward the web UI of a run to this machine, and say its URL.")
    ui.add_argument("name", help=NAME)
    ui.add_argument("--port", type=int, default=8089, help="local port; 0: a free one")
    ui.add_argument("--token", action="store_true", help="print the token that changes need")
    report = command("report", "Fetch the kept results of the latest run.")
    report.add_argument("name", help=NAME)
    report.add_argument(
        "-o", "--output", type=Path, metavar="DIR", help="folder (default: NAME-RUN)"
    )
    _reports(report)
    compare = command("compare", "Show what changed from one run to another.")
    compare.epilog = COMPARED
    compare.formatter_class = argparse.RawDescriptionHelpFormatter
    compare.add_argument("before", help="the first run; alone: a test, whose last two runs it is")
    compare.add_argument("after", nargs="?", help="the run to judge")
    compare.add_argument(
        "--tolerance",
        action="append",
        default=[],
        metavar="METRIC=AMOUNT",
        help="how much worse it may be, such as p95=10%% (repeatable); exit code 3 when it is",
    )
    compare.add_argument("--html", type=Path, metavar="FILE", help="write a page with charts here")
    compare.add_argument("--json", action="store_true", help="print JSON instead of tables")
    _files(command("validate", "Let the API server judge the files; nothing is changed."))
    init = command("init", "Write a locustfile and a LoadTest to begin with.", of_cluster=False)
    init.add_argument(
        "folder", type=Path, nargs="?", default=Path("."), help="where to (default: here)"
    )
    init.add_argument("--name", default="first-test", help=f"{NAME} (default: %(default)s)")
    init.add_argument(
        "--host", default="https://shop.example", help="base URL of the target (%(default)s)"
    )
    convert = command(
        "convert", "Print LocustTests of other operators as LoadTests.", of_cluster=False
    )
    convert.add_argument(
        "-f", "--filename", action="append", required=True, metavar="FILE", help="-: standard input"
    )
    return made


def _files(one: argparse.ArgumentParser) -> None:
    one.add_argument(
        "-f", "--filename", action="append", required=True, metavar="FILE", help="-: standard input"
    )
    one.add_argument(
        "--source-dir",
        type=Path,
        metavar="DIR",
        help="make the ConfigMap that spec.source.configMap names of this folder's files",
    )


def _following(one: argparse.ArgumentParser) -> None:
    one.add_argument("--timeout", type=float, metavar="SECONDS", help="give up waiting after this")
    one.add_argument(
        "--interval", type=float, default=1.0, metavar="SECONDS", help="between two looks (1)"
    )
    _reports(one)


def _waiting(one: argparse.ArgumentParser) -> None:
    one.add_argument(
        "--wait", action="store_true", help="follow the run; the exit code tells its verdict"
    )
    _following(one)


def _reports(one: argparse.ArgumentParser) -> None:
    one.add_argument("--junit", type=Path, metavar="FILE", help="write the JUnit file here")
    one.add_argument("--report", type=Path, metavar="FILE", help="write the HTML report here")
