"""The stand-in for an ECS service on Fargate: its tasks are processes on this machine.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_services.html
"""
