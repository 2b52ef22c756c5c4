// Two accounts. Whoever can write into the hub account decides what code runs: it holds the task hub and the deployed
// package, and only the app's identity gets there. Producers, attachments and records are on the data account. How long
// each record was, and the hash of its end, is copied to the hub account: who can write records cannot write that.

param hubAccountName string
param dataAccountName string
param location string
param tags object
param skuName string
@description('Whether private endpoints are the only way in.')
param inNetwork bool
param allowedIpAddresses string[]
param workspaceResourceId string
@allowed(['off', 'queues', 'all'])
param logs string
param recordsImmutableDays int
param documentsKeepDays int
param softDeleteDays int

var packageContainer = 'app-package'
var headsContainer = 'records-heads'
var decisionQueue = 'approval-queue'
var poisonQueue = 'approval-queue-poison'
var containers = ['attachments', 'records', 'outbox', 'register', 'reports']

var outside = { defaultAction: 'Allow', bypass: 'AzureServices' }
var inside = { defaultAction: 'Deny', bypass: 'None' }
// A range of one address is written without its /32, or the service refuses it.
var ipRules = map(allowedIpAddresses, address => { value: replace(address, '/32', ''), action: 'Allow' })
var insideWithGuests = { defaultAction: 'Deny', bypass: 'None', ipRules: ipRules }
var dataIsClosed = inNetwork && empty(allowedIpAddresses)

var writes = [{ category: 'StorageWrite' }, { category: 'StorageDelete' }]
var logsOfAll = logs == 'all' ? [{ name: 'writes', workspaceResourceId: workspaceResourceId, logCategoriesAndGroups: writes, metricCategories: [] }] : []
var logsOfQueues = logs == 'off' ? [] : [{ name: 'writes', workspaceResourceId: workspaceResourceId, logCategoriesAndGroups: writes, metricCategories: [] }]
var logsOfDocuments = logs == 'all'
  ? [
      {
        name: 'access'
        workspaceResourceId: workspaceResourceId
        logCategoriesAndGroups: concat(writes, [{ category: 'StorageRead' }])
        metricCategories: []
      }
    ]
  : []

var documentsExpire = [
  {
    name: 'documents-expire'
    enabled: true
    type: 'Lifecycle'
    definition: {
      filters: { blobTypes: ['blockBlob'], prefixMatch: ['attachments/', 'outbox/'] }
      actions: { baseBlob: { delete: { daysAfterModificationGreaterThan: documentsKeepDays } } }
    }
  }
]

module hub 'br/public:avm/res/storage/storage-account:0.33.0' = {
  name: 'hub'
  params: {
    name: hubAccountName
    location: location
    tags: tags
    kind: 'StorageV2'
    skuName: skuName
    allowSharedKeyAccess: false
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: inNetwork ? 'Disabled' : 'Enabled'
    networkAcls: inNetwork ? inside : outside
    blobServices: {
      containers: [
        { name: packageContainer, publicAccess: 'None' }
        {
          name: headsContainer
          publicAccess: 'None'
          // Blobs are added and never changed.
          immutabilityPolicy: recordsImmutableDays > 0
            ? { immutabilityPeriodSinceCreationInDays: recordsImmutableDays }
            : null
        }
      ]
      deleteRetentionPolicyEnabled: false // The extension deletes what it no longer needs many times an hour.
      containerDeleteRetentionPolicyEnabled: true
      containerDeleteRetentionPolicyDays: softDeleteDays
      diagnosticSettings: logsOfAll
    }
    queueServices: { diagnosticSettings: logsOfQueues }
    tableServices: { diagnosticSettings: logsOfAll }
  }
}

module data 'br/public:avm/res/storage/storage-account:0.33.0' = {
  name: 'data'
  params: {
    name: dataAccountName
    location: location
    tags: tags
    kind: 'StorageV2'
    skuName: skuName
    allowSharedKeyAccess: false
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: dataIsClosed ? 'Disabled' : 'Enabled'
    networkAcls: inNetwork ? insideWithGuests : outside
    managementPolicyRules: documentsKeepDays > 0 ? documentsExpire : []
    blobServices: {
      containers: [
        { name: 'attachments', publicAccess: 'None' }
        {
          name: 'records'
          publicAccess: 'None'
          // Appending stays possible; what has been appended does not change. The operator locks the policy when sure.
          immutabilityPolicy: recordsImmutableDays > 0
            ? { immutabilityPeriodSinceCreationInDays: recordsImmutableDays, allowProtectedAppendWrites: true }
            : null
        }
        { name: 'outbox', publicAccess: 'None' }
        { name: 'register', publicAccess: 'None' }
        { name: 'reports', publicAccess: 'None' }
      ]
      isVersioningEnabled: true
      versionDeletePolicyDays: softDeleteDays
      deleteRetentionPolicyEnabled: true
      deleteRetentionPolicyDays: softDeleteDays
      containerDeleteRetentionPolicyEnabled: true
      containerDeleteRetentionPolicyDays: softDeleteDays
      diagnosticSettings: logsOfDocuments
    }
    queueServices: {
      queues: [{ name: decisionQueue }, { name: poisonQueue }]
      diagnosticSettings: logsOfQueues
    }
    tableServices: { diagnosticSettings: logsOfAll } // The app makes its tables itself.
  }
}

output hubAccountName string = hub.outputs.name
output hubResourceId string = hub.outputs.resourceId
@description('Addresses of the services: blob, queue, table.')
output hubEndpoints object = hub.outputs.serviceEndpoints
output packageContainerName string = packageContainer
output dataAccountName string = data.outputs.name
output dataResourceId string = data.outputs.resourceId
@description('Addresses of the services: blob, queue, table.')
output dataEndpoints object = data.outputs.serviceEndpoints
output containerNames array = containers
output queueNames array = [decisionQueue, poisonQueue]
output decisionQueueName string = decisionQueue
