"""What this machine has and lacks (`floodgate doctor`): many small looks, each of which ends in findings.

Nothing here starts a stack, and nothing is changed unless the user asks for mending (`mend.py`). A look that
goes wrong itself, or hangs, is a finding, too: this command is for machines on which things go wrong.
"""
