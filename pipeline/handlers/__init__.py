"""Entry points of the Lambda functions, one file each."""
