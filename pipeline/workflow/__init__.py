"""What the tasks of the state machines do. The definitions are in `pipeline/statemachines/`.

inputs.py       the input of an execution, whoever sent it
documents.py    what one task tells the next
errors.py       errors as Step Functions sees them: refusals, transients, the rest
failures.py     the real cause in what a Catch, or a failed child, hands on
settings.py     environment variables of the functions
validating.py   Validate: name, size, claim
inspecting.py   Download: size, SHA-256, kind of content
content.py      kinds of content by the first bytes
processing.py   Process: gzip, csv
compressing.py  gzip into an object, in bounded memory
csv_check.py    is it a table, and of how many rows
delivering.py   Upload: copy, verification, end of the row
ends.py         the end of a row, and its metrics
copying.py      Copy: all of it in the one task of route `direct`
notifying.py    Notify: the message of a result; the row of a failure
starting.py     Starter: an execution for each message of the work queue
"""
