"""Runs the workflows that uploads start: `runner` is the whole, `execution` one run, `steps` what it does.

https://docs.aws.amazon.com/transfer/latest/userguide/transfer-workflows.html
"""
