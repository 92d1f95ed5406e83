"""CloudWatch Logs: filter patterns, and the metrics that come out of logs.

patterns.py   filter patterns: terms, and conditions on JSON events
embedded.py   metrics in CloudWatch's embedded metric format
values.py     values of metrics, published once a second
patch.py      puts these in place of what LocalStack does
"""
