"""Dead letters: what they are about, and bringing them back once the cause is gone.

letters.py     messages of the dead-letter queues, joined with the rows of their files
sources.py     which dead-letter queue feeds which queue
redrive.py     row `failed` → `queued`, then the message back to where it came from
moving.py      the two ways of moving messages: by SQS itself, or one by one
outcomes.py    what became of files that were brought back
"""
