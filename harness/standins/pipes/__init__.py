"""The stand-in for `AWS::Pipes::Pipe`: SQS source, filter, Lambda enrichment, SQS or Step Functions target.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes.html
"""
