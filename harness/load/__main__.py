"""The load process: `python -m harness.load LOADCONFIG.json`.

gevent must patch the process before anything else is imported; that is why this module begins as it does, and
why `harness.load` itself imports nothing heavy.
"""

from gevent import monkey

monkey.patch_all()

import sys  # noqa: E402

from harness.load.process import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
