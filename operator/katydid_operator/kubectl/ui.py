"""`ui`: the web UI of a run on this machine, through `kubectl port-forward`."""

from __future__ import annotations

import asyncio
import base64
import shutil
from collections.abc import Callable, Sequence

from katydid_operator import keys, names
from katydid_operator.errors import ClusterError
from katydid_operator.kubectl.door import Door
from katydid_operator.kubectl.exits import CommandError, Exit
from katydid_operator.kubectl.runs import current_run, load_test
from katydid_operator.loadtest import Json

Say = Callable[[str], None]


async def forward(
    door: Door,
    namespace: str,
    name: str,
    port: int,
    kubectl_options: Sequence[str],
    with_token: bool,
    say: Say,
) -> int:
    """Forward the port (0: any free one) until kubectl ends; returns its exit code.

    `kubectl_options` lead kubectl to the same cluster: --kubeconfig, --context.
    """
    test = await load_test(door, namespace, name)
    run = current_run(test.get("status") or {})
    pod = names.master_pod(name, run)
    found = await door.find("Pod", namespace, pod)
    if found is None:
        raise CommandError(f"Run {run} of {name} has no master pod: there is no web UI to show.")
    if (found.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        raise CommandError(f"Run {run} of {name} is over and its master is gone: see `report`.")
    program = shutil.which("kubectl")
    if program is None:
        raise CommandError("kubectl is not on the PATH.", Exit.INTERNAL)
    if with_token:
        say(f"Token for changes: {await _token(door, namespace, found, run)}")
    process = await asyncio.create_subprocess_exec(
        program,
        *kubectl_options,
        "port-forward",
        f"--namespace={namespace}",
        "--address=127.0.0.1",
        f"pod/{pod}",
        f"{port or ''}:{names.PORTS['http']}",
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async for raw in process.stdout:
            line = raw.decode(errors="replace")
            if line.startswith("Forwarding from 127.0.0.1:"):
                say(f"http://127.0.0.1:{line.split(':', 1)[1].split()[0]}/  (Ctrl-C ends it)")
        return await process.wait()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


async def _token(door: Door, namespace: str, pod: Json, run: int) -> str:
    secret = _secret_of(pod)
    try:
        found = await door.get("Secret", namespace, secret)
    except ClusterError as error:
        raise CommandError(f"The token is derived from the Secret {secret}: {error}") from None
    return keys.api_token(base64.b64decode(found["data"][names.SEED_KEY]).decode(), run)


def _secret_of(pod: Json) -> str:
    """The Secret with the seed of this master."""
    for container in pod["spec"]["containers"]:
        for variable in container.get("env") or ():
            if variable["name"] == names.SEED_VARIABLE:
                return str(variable["valueFrom"]["secretKeyRef"]["name"])
    raise CommandError(f"The pod {pod['metadata']['name']} has no keys, and needs no token.")
