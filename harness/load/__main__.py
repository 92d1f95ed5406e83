"""The load process: `python -m harness.load LOADCONFIG.json`.

gevent must patch the process before anything else that it changes is imported; that is why this module begins
as it does, and why `harness.load` itself imports nothing heavy.
"""

import signal

# Importing takes a second; a signal that comes meanwhile must not be lost, nor end the process without a
# ledger.
early_signals: list[int] = []
if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _frame: early_signals.append(number))

from gevent import monkey  # noqa: E402

monkey.patch_all()

import sys  # noqa: E402

if __name__ == "__main__":
    from harness.load.process import main

    sys.exit(main(sys.argv[1:], early_signals))
