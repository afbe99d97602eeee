"""What the commands print: a progress line of a status, its end, and refusals as sentences.

Pure functions of the status as JSON and of the API server's messages.
"""

from __future__ import annotations

import re

from katydid_operator.loadtest import Json

_INVALID = re.compile(r'^(?:\S+ )?"[^"]*" is invalid: (?P<rest>.*)$', re.DOTALL)
_UNTYPED = re.compile(r"failed to create typed patch object \([^)]*\): ")
_FIELD = r"(?:<nil>|metadata|spec|status|data|\.spec|\.metadata)[\w.\[\]\-\"]*: "
_NEXT = re.compile(rf", (?={_FIELD})")
_IN_BODY = re.compile(r"^(\S+): \1 in body ")
_VALUE = re.compile(r'Invalid value: (?:"(?:[^"\\]|\\.)*"|[^:"]+): ')


def progress(status: Json) -> str:
    """`Running 10/20 users 98.2 rps 0.10% failed p95 212 ms workers 2/2`."""
    load, workers = status.get("load") or {}, status.get("workers") or {}
    words = [str(status.get("phase") or "Pending")]
    if "users" in load:
        target = load.get("targetUsers")
        of = f"/{target}" if target is not None else ""
        words.append(f"{load['users']}{of} users")
    for key, text in (("rps", "{} rps"), ("failPercent", "{}% failed"), ("p95Ms", "p95 {} ms")):
        if key in load:
            words.append(text.format(load[key]))
    if workers.get("summary"):
        words.append(f"workers {workers['summary']}")
    if words[0] in ("Pending", "Starting", "Suspended") and status.get("message"):
        words.append(str(status["message"]))
    return "  ".join(words)


def ending(name: str, status: Json) -> list[str]:
    """The verdict and what led to it, for people."""
    run, load = status.get("run") or {}, status.get("load") or {}
    reason, message = status.get("reason") or "", status.get("message") or ""
    lines = [f"{name} run {run.get('number', 0)}: {status.get('verdict')} ({reason})"]
    if message:
        lines.append(f"  {message}")
    for threshold in status.get("thresholds") or ():
        value = threshold.get("value") or "no data"
        lines.append(f"  {threshold['status']:<8} {threshold['name']}: {value}")
    if "requests" in load:
        lines.append(f"  {load['requests']} requests, {load.get('failures', 0)} failed")
    if (status.get("generator") or {}).get("saturated"):
        lines.append("  The generator was saturated: latencies are too high. Give more workers.")
    tail = (status.get("failure") or {}).get("logTail")
    if tail:
        failure = status["failure"]
        lines.append(f"  The last lines of {failure.get('pod', 'the pod')}:")
        lines += [f"    {line}" for line in str(tail).rstrip().splitlines()]
    return lines


def sentences(message: str) -> list[str]:
    """The API server's refusal, one sentence for each problem, without its jargon."""
    match = _INVALID.match(message)
    rest = _UNTYPED.sub("", match["rest"] if match else message).strip()
    if match and rest.startswith("[") and rest.endswith("]"):
        rest = rest[1:-1]
    parts = _NEXT.split(rest) if match else [rest]
    told = [_VALUE.sub("", part.removeprefix("<nil>: "), count=1).strip() for part in parts]
    return [_IN_BODY.sub(r"\1: ", text) for text in told]
