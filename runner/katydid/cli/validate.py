"""`katydid validate FILE…`: says whether LoadTests would be accepted, and why not."""

from __future__ import annotations

import sys

from katydid.command_line import CommandParser
from katydid.errors import ExitCode, UsageError
from katydid.manifest import LoadTest, parse_stream, read_text
from katydid.manifest.describe import ignored_on_a_laptop, one_line


def validate(argv: list[str]) -> int:
    """Check the files (`-`: standard input); 0 when every LoadTest in them is accepted, else 64."""
    parser = CommandParser(
        prog="katydid validate",
        description="Check LoadTest manifests as the API server would, without a cluster.",
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="YAML or JSON; - reads stdin")
    parser.add_argument(
        "--explain", action="store_true", help="also say what `katydid run` on a laptop ignores"
    )
    options = parser.parse_args(argv)
    accepted = [_file(file, explain=options.explain) for file in options.files]
    return int(ExitCode.PASSED if all(accepted) else ExitCode.USAGE)


def _file(file: str, *, explain: bool) -> bool:
    try:
        stream = parse_stream(*read_text(file))
    except UsageError as error:
        print(error, file=sys.stderr)
        return False
    for test in stream.load_tests:
        print(f"{stream.file}: {one_line(test)}")
        if explain:
            _explain(test)
    return True


def _explain(test: LoadTest) -> None:
    ignored = ignored_on_a_laptop(test)
    if ignored:
        print(f"  on a laptop ignored: {', '.join(ignored)}")
