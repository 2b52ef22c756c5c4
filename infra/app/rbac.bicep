// Who may do what, each at the smallest scope there is. The names are made of scope, principal and role, so that a second
// deployment changes nothing.

param appPrincipalId string
@description('Empty: nobody but the app.')
param operatorPrincipalId string
param operatorPrincipalType string
param producerPrincipalIds string[]
param hubAccountName string
param dataAccountName string
param containerNames array
param queueNames array
param decisionQueueName string
param insightsName string

var roles = {
  storageBlobDataOwner: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
  storageBlobDataContributor: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
  storageBlobDataReader: '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1'
  storageQueueDataContributor: '974c5e8b-45b9-4653-ba55-5f855dd0fb88'
  storageQueueDataMessageSender: 'c6a89b2d-59bc-44d0-9896-0f6e12d7b80a'
  storageQueueDataReader: '19e7f393-937e-4f77-808e-94535e297925'
  storageTableDataContributor: '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
  storageTableDataReader: '76199698-9eea-4c19-bc75-cec21354c6b6'
  monitoringMetricsPublisher: '3913510d-42f4-4e42-8a64-420c390055eb'
}

// The host takes leases and keeps its keys in blobs, which asks for Owner; without the table role orchestrations stay Pending.
var ofAppOnHub = [roles.storageBlobDataOwner, roles.storageQueueDataContributor, roles.storageTableDataContributor]
var ofOperator = empty(operatorPrincipalId)
  ? []
  : [roles.storageBlobDataReader, roles.storageQueueDataReader, roles.storageTableDataReader]

resource hub 'Microsoft.Storage/storageAccounts@2026-04-01' existing = {
  name: hubAccountName
}

resource data 'Microsoft.Storage/storageAccounts@2026-04-01' existing = {
  name: dataAccountName
}

resource containers 'Microsoft.Storage/storageAccounts/blobServices/containers@2026-04-01' existing = [
  for name in containerNames: {
    name: '${dataAccountName}/default/${name}'
  }
]

resource queues 'Microsoft.Storage/storageAccounts/queueServices/queues@2026-04-01' existing = [
  for name in queueNames: {
    name: '${dataAccountName}/default/${name}'
  }
]

resource decisionQueue 'Microsoft.Storage/storageAccounts/queueServices/queues@2026-04-01' existing = {
  name: '${dataAccountName}/default/${decisionQueueName}'
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

resource appOnHub 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in ofAppOnHub: {
    name: guid(hub.id, appPrincipalId, role)
    scope: hub
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
      principalId: appPrincipalId
      principalType: 'ServicePrincipal'
    }
  }
]

resource appOnContainers 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (name, i) in containerNames: {
    name: guid(containers[i].id, appPrincipalId, roles.storageBlobDataContributor)
    scope: containers[i]
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDataContributor)
      principalId: appPrincipalId
      principalType: 'ServicePrincipal'
      description: 'The app reads and writes ${name}.'
    }
  }
]

resource appOnQueues 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (name, i) in queueNames: {
    name: guid(queues[i].id, appPrincipalId, roles.storageQueueDataContributor)
    scope: queues[i]
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageQueueDataContributor)
      principalId: appPrincipalId
      principalType: 'ServicePrincipal'
      description: 'The host takes messages from ${name}, renews their hold, and puts bad ones aside.'
    }
  }
]

resource appOnTables 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(data.id, appPrincipalId, roles.storageTableDataContributor)
  scope: data
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageTableDataContributor)
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    description: 'The app makes its tables itself, so the account is the smallest scope.'
  }
}

resource appOnInsights 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(insights.id, appPrincipalId, roles.monitoringMetricsPublisher)
  scope: insights
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.monitoringMetricsPublisher)
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
  }
}

resource producersOnQueue 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for producer in producerPrincipalIds: {
    name: guid(decisionQueue.id, producer, roles.storageQueueDataMessageSender)
    scope: decisionQueue
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageQueueDataMessageSender)
      principalId: producer
      principalType: 'ServicePrincipal'
      description: 'Sends decisions; can neither read nor remove any.'
    }
  }
]

resource operatorOnHub 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in ofOperator: {
    name: guid(hub.id, operatorPrincipalId, role)
    scope: hub
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
      principalId: operatorPrincipalId
      principalType: operatorPrincipalType
    }
  }
]

resource operatorOnData 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in ofOperator: {
    name: guid(data.id, operatorPrincipalId, role)
    scope: data
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
      principalId: operatorPrincipalId
      principalType: operatorPrincipalType
    }
  }
]
