"""The pytest plugin: a pipeline for a project's own tests, and load runs as tests.

Installed with `floodgate-harness`; pytest finds it by itself. Its fixtures are described in `plugin`:
`floodgate_stack`, `sftp_client`, `s3`, `wait_delivered` and `run_scenario`. `examples/pytest` uses them.

plugin.py          options and fixtures
settings.py        what the user chose, from the command line and from pytest's configuration file
place.py           what the processes of a test run agree on
shared_stack.py    one stack for a whole test run, however many processes share it
stack.py           the stack as a test sees it
sftp_client.py     an SFTP client without `await`
delivery.py        waiting for one file
scenarios.py       a scenario as a test
run_summary.py     what a run found, and what can be asserted of it
"""
