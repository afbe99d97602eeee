"""`python -m katydid_operator.kubectl`."""

import sys

from katydid_operator.kubectl.main import main

if __name__ == "__main__":
    sys.exit(main())
