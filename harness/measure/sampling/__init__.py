"""What was looked at again and again while a run went on: queues, functions, executions, sessions.

Each figure is a `Series`; all series of a run, and what looking has cost, are its `Samples`. Reports and
thresholds know figures by name (`queue.work.depth`), so that a new one needs no change there.
"""
