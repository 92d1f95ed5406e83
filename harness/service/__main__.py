"""The service: `python -m harness.service SERVICECONFIG.json`.

It begins as `harness.load.__main__` does, and for the same reasons.
"""

import signal

early_signals: list[int] = []
if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _frame: early_signals.append(number))

from gevent import monkey  # noqa: E402

monkey.patch_all()

import sys  # noqa: E402

if __name__ == "__main__":
    from harness.service.process import main

    sys.exit(main(sys.argv[1:], early_signals))
