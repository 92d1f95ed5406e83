"""SQS event source mappings that run several batches at once, as AWS's do.

LocalStack runs one batch of a mapping at a time, so that one slow file stops the queue, polls by the second,
and ignores `ScalingConfig.MaximumConcurrency`. Here:

    slots.py     how many batches may run, and how that number grows and shrinks
    batches.py   messages → payloads of at most 6 MB; the answer of a function → which messages are done
    mapping.py   the loop of one mapping: a slot, a batch, a thread for the batch
    internal.py  LocalStack's queues and functions, called inside the process
    limits.py    what AWS refuses in the configuration
    patch.py     puts all this in place of LocalStack's poller

A message is taken from the queue only when a batch may run: waiting costs no receive.
Semantics: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html and …-sqs-scaling.html
"""
