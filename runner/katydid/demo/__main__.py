"""`python -m katydid.demo`: the shop alone, as `katydid demo --run` starts it in a child."""

from __future__ import annotations

import sys

from katydid.demo.options import parse
from katydid.demo.serve import serve
from katydid.errors import KatydidError

if __name__ == "__main__":
    try:
        code = serve(parse(sys.argv[1:]))
    except KatydidError as error:
        print(error, file=sys.stderr)
        code = int(error.exit_code)
    sys.exit(code)
