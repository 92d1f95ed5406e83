"""Virtual environments of the engines and of the Lambda runtime, made from committed pins on first use.

They live in `harness.paths.environments_dir()` and are a cache: any of them may be deleted while nothing runs
on it, and is made again when it is next needed.
"""

from harness.environments.ensure import ensure

__all__ = ["ensure"]
