"""`python -m harness.images.lambda_package`: builds the Lambda package while an image is built."""

from __future__ import annotations

from harness.deploy import package

if __name__ == "__main__":
    print(package.build(print).path)
