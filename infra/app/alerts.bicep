// Alerts: one action group, and one rule for each way in which approvals can stop without anybody noticing.
// The queries are the same as in docs/OPERATIONS.md. <hub account> and <app identity> are filled in below.
// They use only the text of a log line, not custom dimensions, which have other names with OpenTelemetry.

param actionGroupName string
param rulePrefix string
param location string
param tags object
@description('Empty: alerts are shown in the portal only.')
param email string
param insightsResourceId string
param workspaceResourceId string
@allowed(['off', 'queues', 'all'])
param storageLogs string
@description('Whether orchestrations keep their state in the Durable Task Scheduler, not in the hub account.')
param onScheduler bool
param hubAccountName string
param appPrincipalId string

// logs: what the rule reads, app or storage. count: rows of the result, or the column that holds the number.
var rules = [
  {
    name: 'orchestration-failed'
    title: 'A workflow has failed'
    text: 'An orchestration ended as Failed. Find the instance id in the result, then its history: GET /api/orchestrations/{id}?showHistory=true.'
    severity: 1
    logs: 'app'
    every: 'PT5M'
    window: 'PT5M'
    count: 'rows'
    operator: 'GreaterThan'
    threshold: 0
    query: '''
traces
| where message has "failed with an error" and message has "(Orchestrator)" and message !has "IsReplay: True"
| project timestamp, instance = extract("^([^:]+): Function", 1, message), workflow = extract("Function '([^ ]+) ", 1, message), reason = extract("Reason: (.*)", 1, message)
'''
  }
  {
    name: 'decision-put-aside'
    title: 'A decision could not be used'
    text: 'A message of approval-queue went to approval-queue-poison. The line says why; its sender believes that it counts.'
    severity: 2
    logs: 'app'
    every: 'PT5M'
    window: 'PT5M'
    count: 'rows'
    operator: 'GreaterThan'
    threshold: 0
    query: '''
traces
| where message contains "poison-message"
| extend record = parse_json(message)
| project timestamp, messageId = tostring(record.messageId), reason = tostring(record.reason)
'''
  }
  {
    name: 'hub-message-unreadable'
    title: 'The task hub has a message that cannot be processed'
    text: 'The durable extension tries it again every ten minutes and never gives up.'
    severity: 2
    logs: 'app'
    every: 'PT15M'
    window: 'PT15M'
    count: 'rows'
    operator: 'GreaterThan'
    threshold: 0
    query: '''
traces
| where tostring(customDimensions.EventId) == "109" and tostring(customDimensions) has "DurableTask.AzureStorage"
| project timestamp, message, details = tostring(customDimensions)
'''
  }
  {
    name: 'sweep-silent'
    title: 'The app does not run'
    text: 'The sweep runs once a minute while the app runs. No run for 15 minutes: the app does not start, or must not read its storage.'
    severity: 0
    logs: 'app'
    every: 'PT5M'
    window: 'PT15M'
    count: 'Runs'
    operator: 'LessThan'
    threshold: 1
    query: '''
traces
| where message contains "\"record\": \"sweep\""
| summarize Runs = count()
'''
  }
  {
    name: 'workflows-stuck'
    title: 'Workflows get messages and do nothing'
    text: 'In 15 minutes messages were put into the control queues and none was taken out: instances stay Pending. First check the table role of the identity.'
    severity: 0
    logs: 'hub'
    every: 'PT5M'
    window: 'PT15M'
    count: 'rows'
    operator: 'GreaterThan'
    threshold: 0
    query: '''
StorageQueueLogs
| where AccountName == "<hub account>" and Uri contains "/greenlighthub-control-" and StatusText == "Success"
| summarize Sent = countif(OperationName == "PutMessage"), Done = countif(OperationName == "DeleteMessage")
| where Sent > 0 and Done == 0
'''
  }
  {
    name: 'reviews-not-mended'
    title: 'Reviews are late, and the sweep cannot help'
    text: 'Deadlines, escalations or letters of a proposal are overdue: for 15 minutes the sweep has found problems that it could not fix.'
    severity: 1
    logs: 'app'
    every: 'PT15M'
    window: 'PT15M'
    count: 'rows'
    operator: 'GreaterThan'
    threshold: 5
    query: '''
traces
| where severityLevel >= 2
| where message contains "could not be fixed" or message contains "could not be mended" or message contains "notMended"
| project timestamp, message
'''
  }
  {
    name: 'escalation-or-notice-failed'
    title: 'Somebody was not told'
    text: 'An escalation, a notice or a letter could not be sent. The proposal waits, and the person does not know it.'
    severity: 1
    logs: 'app'
    every: 'PT15M'
    window: 'PT15M'
    count: 'rows'
    operator: 'GreaterThan'
    threshold: 0
    query: '''
union traces, exceptions
| extend text = strcat(message, outerMessage), activity = extract("Function '([^ ]+) [(]Activity[)]' failed", 1, message)
| where text contains "could not be sent" or text contains "can never be sent"
    or activity in ("Escalate", "NotifyRequester", "TellPeople", "SendAlert")
| project timestamp, activity, text
'''
  }
  {
    name: 'links-forged'
    title: 'Somebody tries decision links'
    text: 'Links with a wrong signature. A few come from a broken mail program; many mean that somebody is guessing links.'
    severity: 2
    logs: 'app'
    every: 'PT15M'
    window: 'PT15M'
    count: 'rows'
    operator: 'GreaterThan'
    threshold: 20
    query: '''
traces
| where message contains "\"refused\": \"forged\""
| project timestamp, message, operation_Name
'''
  }
  {
    name: 'refusals-burst'
    title: 'Many requests are refused'
    text: 'More than 50 responses 401, 403 or 429 in 15 minutes: somebody is guessing keys, names or links, or a system uses an old key.'
    severity: 2
    logs: 'app'
    every: 'PT15M'
    window: 'PT15M'
    count: 'rows'
    operator: 'GreaterThan'
    threshold: 50
    query: '''
requests
| where resultCode in ("401", "403", "429")
| project timestamp, name, resultCode, operation_Id
'''
  }
  {
    name: 'server-errors'
    title: 'Requests fail'
    text: 'More than 5 % of at least 20 requests in 15 minutes got a 5xx response.'
    severity: 1
    logs: 'app'
    every: 'PT5M'
    window: 'PT15M'
    count: 'rows'
    operator: 'GreaterThan'
    threshold: 0
    query: '''
requests
| where toint(resultCode) > 0
| summarize Failed = countif(toint(resultCode) >= 500), All = count()
| where All >= 20 and Failed * 20 > All
'''
  }
  {
    name: 'record-changed'
    title: 'An approval record was tampered with'
    text: 'A record was changed or deleted by somebody else. Nothing is decided by it any more. Find out who wrote to the container records.'
    severity: 0
    logs: 'app'
    every: 'PT5M'
    window: 'PT5M'
    count: 'rows'
    operator: 'GreaterThan'
    threshold: 0
    query: '''
union traces, exceptions
| extend text = strcat(message, outerMessage)
| where text contains "record-tampered" or text contains "is not what was written" or text contains "its record is shorter than it was"
| project timestamp, text
'''
  }
  {
    name: 'purge-failing'
    title: 'Old histories are not purged'
    text: 'The nightly purge has wrong settings, or could not purge all instances. Personal data is kept longer than promised.'
    severity: 3
    logs: 'app'
    every: 'PT1H'
    window: 'P1D'
    count: 'rows'
    operator: 'GreaterThan'
    threshold: 0
    query: '''
traces
| where severityLevel >= 2
| where message contains "\"record\": \"retention\"" or message contains "could not be purged"
| project timestamp, message
'''
  }
  {
    name: 'hub-written-by-stranger'
    title: 'Somebody else has written into the task hub'
    text: 'Only the identity of the app may write to the hub account, because its content decides which code runs.'
    severity: 0
    logs: 'storage'
    every: 'PT5M'
    window: 'PT5M'
    count: 'rows'
    operator: 'GreaterThan'
    threshold: 0
    query: '''
union isfuzzy=true StorageQueueLogs, StorageBlobLogs, StorageTableLogs
| where AccountName == "<hub account>" and Category in ("StorageWrite", "StorageDelete") and toint(StatusCode) < 400
| where AuthenticationType != "OAuth" or RequesterObjectId != "<app identity>"
| project TimeGenerated, OperationName, AuthenticationType, RequesterObjectId, CallerIpAddress, Uri
'''
  }
]

// A rule for logs that are not written would never fire and look as if everything were fine.
var readable = filter(
  rules,
  rule => rule.logs == 'app' || (storageLogs != 'off' && (rule.logs == 'storage' || !onScheduler))
)

module actionGroup 'br/public:avm/res/insights/action-group:0.8.0' = {
  name: 'action-group'
  params: {
    name: actionGroupName
    groupShortName: 'greenlight'
    location: 'global'
    tags: tags
    emailReceivers: empty(email)
      ? []
      : [
          {
            name: 'operators'
            emailAddress: email
            useCommonAlertSchema: true
          }
        ]
  }
}

module each 'br/public:avm/res/insights/scheduled-query-rule:0.6.0' = [
  for rule in readable: {
    name: 'alert-${rule.name}'
    params: {
      name: '${rulePrefix}-${rule.name}'
      location: location
      tags: tags
      kind: 'LogAlert'
      alertDisplayName: rule.title
      alertDescription: rule.text
      severity: rule.severity
      scopes: [rule.logs == 'app' ? insightsResourceId : workspaceResourceId]
      evaluationFrequency: rule.every
      windowSize: rule.window
      autoMitigate: true
      skipQueryValidation: true // A log table does not exist before its first line.
      criterias: {
        allOf: [
          {
            query: replace(replace(rule.query, '<hub account>', hubAccountName), '<app identity>', appPrincipalId)
            operator: rule.operator
            threshold: rule.threshold
            timeAggregation: rule.count == 'rows' ? 'Count' : 'Total'
            metricMeasureColumn: rule.count == 'rows' ? null : rule.count
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      actions: { actionGroupResourceIds: [actionGroup.outputs.resourceId] }
    }
  }
]
