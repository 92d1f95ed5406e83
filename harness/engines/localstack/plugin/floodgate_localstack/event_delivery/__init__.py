"""What EventBridge does when a target refuses an event: retries, and the target's dead-letter queue.

LocalStack drops the event. Here, as on AWS:

    failures.py  whether a refusal is tried again, and what AWS calls it
    retries.py   one thread that tries again, with backoff, within the target's RetryPolicy
    patch.py     puts both behind LocalStack's senders

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
"""
