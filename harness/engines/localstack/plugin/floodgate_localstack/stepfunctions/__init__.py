"""Step Functions: less work for each execution, and corrections towards AWS.

parsing        a definition and a JSONPath are parsed once
json_copies    copies of JSON values without `copy.deepcopy`
threads        threads are used again
executions     one thread for an execution; timeouts and StopExecution take effect at once
children       `.sync` waits for the child's end instead of asking for it
tasks          tasks call Lambda, SNS and Step Functions inside the process
status_events  EventBridge hears of executions only where a rule could match
logs           CloudWatch Logs gets the events of many executions in one call
retention      ended executions do not stay in memory for ever
errors         names of errors as on AWS
"""
