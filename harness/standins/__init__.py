"""Stand-ins for what an engine lacks: EventBridge Pipes and ECS services, read from the deployed template.

One process for each stack, `python -m harness.standins CONFIG.json`. It is told the properties of the
template's own resources, every intrinsic resolved, and does with them what AWS would.
"""
