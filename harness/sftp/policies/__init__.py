"""IAM policies: read, compiled once, and evaluated in memory for each operation.

`patterns` (wildcards and variables) ← `conditions` ← `document` (from JSON text) ← `evaluation` (what all
policies of a session say together). `roles` reads what IAM and S3 hold, `cache` keeps it. What is not here:
service control policies, and the policies of other accounts.
"""
