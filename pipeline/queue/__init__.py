"""Handles batches of SQS messages, for the Lambda worker and the ECS worker alike."""
