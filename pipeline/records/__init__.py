"""The metadata table: rows, their states, and what may follow what.

states.py      the states, and the table of transitions between them
rows.py        a row as it is read, and the columns that describe an upload
changes.py     one transition as a change of one row: what is set and under which condition
statements.py  such a change as PartiQL statement or as arguments of UpdateItem
batched.py     many rows in one call: workers behind a queue, and the recorder
single.py      one row in one call: tasks of a state machine
rounds.py      statements of many rows side by side, in few calls
recorder.py    the recorder: a row for each event of its queue
metrics.py     metrics of ended uploads, as lines in the log
errors.py      the short name of an error in a row
"""
