"""Partial uploads: by what they are known, which version they left, and how it is kept from being delivered.

notices.py       the event by which Transfer Family tells of a broken upload
finding.py       which version of the source bucket it is about
evidence.py      copies that were made already, moved out of the destination
quarantining.py  the task: mark the row, take the copies away, wait for who may be at it
settings.py      its environment variables
"""
