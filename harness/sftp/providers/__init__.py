"""Identity providers of Transfer Family.

`stored` reads service-managed users from the control plane's store. `function` asks a Lambda function and
`api_gateway` a URL; both send what AWS sends, and `answer` reads what comes back by AWS's rules. `chosen`
picks the one that a server is set up with, `probe` is `TestIdentityProvider`.
"""
