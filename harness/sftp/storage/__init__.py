"""S3 as the front end needs it: `base` is the protocol, `s3` the real thing."""
