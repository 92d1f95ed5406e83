"""Objects that do not fit into memory go to the engine's own temporary folder.

LocalStack writes `/tmp/localstack-s3-storage` whatever TMPDIR says. All engines of a machine share that:
another user may not write there, the folder of a bucket goes when any engine deletes its own of that
name, and nobody deletes the rest.
"""

import tempfile
from pathlib import Path

from floodgate_localstack.patching import replace
from floodgate_localstack.versions import named_patch


@named_patch("s3-temporary-files")
def apply() -> None:
    """Move the folder of temporary files; must be called before the S3 provider is made."""
    from localstack.services.s3 import provider

    folder = Path(tempfile.gettempdir()) / Path(provider.DEFAULT_S3_TMP_DIR).name
    replace(provider, "DEFAULT_S3_TMP_DIR", str(folder))
