"""Workloads from outside Python: YAML files, and `--set field=value`.

document.py     YAML text → plain data that knows its lines
core_schema.py  what scalars mean: YAML 1.2
workloads.py    such data → a workload, or all that is wrong with it, each with its line and field
overrides.py    `--set` on a workload
schema.py       the published JSON schema of workload files
"""
