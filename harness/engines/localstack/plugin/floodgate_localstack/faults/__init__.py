"""Faults at LocalStack's border: what AWS can do to a pipeline, done on request.

    rules.py      a rule, which of what it meets it changes, and how often it did
    layer.py      the rules that are set now
    errors.py     AWS's error codes and their HTTP status
    resources.py  the name of what a call is about
    events.py     S3's events: twice, later, in another order, never
    functions.py  Lambda invocations: killed, failed, throttled, delayed
    gateway.py    calls over HTTP: refused or delayed
    api.py        `/_floodgate/faults`

While no rule is set none of this is in the way of a call: the handlers of the gateway are not even installed.
"""
