"""Ways in which a client treats a file: kinds of uploads beside the plain one.

`model` says what a workload can ask for, `drawing` which file gets which kind, `shaping` what that changes
in the offer, `sending` how the bytes go out. The ledger tells of each file what it was (`kind`) and how it
should end (`expects`); `harness.measure.expected` judges by that.
"""
