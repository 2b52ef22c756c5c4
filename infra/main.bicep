// Everything that Greenlight needs in a subscription of yours: one resource group with the app, its two storage accounts,
// its identity, its vault, its logs and its alerts. Nothing in here is a secret, and nothing hands one out.

targetScope = 'subscription'

// ------------------------------------------------------------------ where, and for whom

@minLength(1)
@maxLength(40)
@description('Name of this deployment, such as greenlight-prod. The names of all resources come from it.')
param environmentName string

@minLength(1)
@description('Region of all resources; one that offers Flex Consumption.')
@metadata({ azd: { type: 'location' } })
param location string

@description('Object id of the operator who deploys: may write secrets into the vault and read the accounts. Empty: nobody.')
param principalId string = ''

@allowed(['User', 'Group', 'ServicePrincipal'])
@description('What principalId is.')
param principalType string = 'User'

@description('Object ids of the identities (service principals) that may send decisions to approval-queue, and do nothing else.')
param producerPrincipalIds string[] = []

@description('Who is told of alerts. Empty: they are shown in the portal only.')
param alertEmail string = ''

// ------------------------------------------------------------------ what it costs, and how closed it is

@allowed(['dev', 'prod-cheap', 'prod-secure'])
@description('Which file of profiles/ gives the values of the parameters below that are not given themselves.')
param profile string = 'dev'

@description('Keep storage and vault off the internet: virtual network, private endpoints, private DNS zones.')
param vnetEnabled bool?

@description('Take the app itself off the internet too; only with vnetEnabled. Then also deployment works from inside only.')
param privateInbound bool?

@minValue(0)
@description('Instances that always run for orchestrations, activities and entities. With zoneRedundant at least 2, or 0.')
param alwaysReadyInstances int?

@minValue(40)
@maxValue(1000)
@description('Most instances at once.')
param maximumInstanceCount int?

@description('Redundancy of both storage accounts, for example Standard_ZRS.')
param storageSku string?

@description('Spread the app over the zones of the region.')
param zoneRedundant bool?

@description('Days for which logs are kept; what Application Insights offers: 30, 60, 90, 120, 180, 270, 365, 550, 730.')
param logRetentionDays int?

@description('Gigabytes of logs a day after which the rest of the day is dropped; -1 for no limit.')
param logDailyQuotaGb string?

@description('Which storage operations are logged: off, queues (writes to the hub\'s queues), or all. Two alerts need them.')
param storageLogs ('off' | 'queues' | 'all')?

@description('Make the alert rules.')
param alertsEnabled bool?

@minValue(0)
@description('Days after which histories of ended workflows are purged; 0 keeps them for ever.')
param historyRetentionDays int?

@minValue(0)
@description('Days for which a record in the container records and a copy of its head cannot be changed or deleted, by nobody; 0: no such policy.')
param recordsImmutableDays int?

@minValue(0)
@description('Days after which attachments and unsent letters are deleted; 0 keeps them for ever.')
param documentsKeepDays int?

@minValue(1)
@maxValue(365)
@description('Days for which deleted blobs and containers can be brought back.')
param softDeleteDays int?

@description('Nobody can empty the vault for good before 90 days are over. It cannot be turned off again.')
param purgeProtection bool?

@description('IPv4 addresses or ranges that pass the firewalls of the data account and the vault in a private network.')
param allowedIpAddresses string[] = []

// ------------------------------------------------------------------ how the app behaves

@allowed(['3.11', '3.12', '3.13'])
@description('Python of the app.')
param pythonVersion string = '3.12'

@allowed([512, 2048, 4096])
@description('Memory of an instance in MB.')
param instanceMemoryMB int = 2048

@minValue(1)
@maxValue(32)
@description('Functions that one worker runs at the same time; also the limit of activities and orchestrations an instance takes.')
param workerThreads int = 4

@allowed(['AzureStorage', 'DurableTaskScheduler'])
@description('Where orchestrations keep their state. For the second, deploy with host.dts.json in the place of host.json.')
param backend string = 'AzureStorage'

@description('Address at which people reach the app, if it is not the one of the platform. Links in letters begin with it.')
param publicUrl string = ''

@description('Hosts that suppliers and webhooks may be on, with commas; none where it is empty.')
param allowedHosts string = ''

@description('Domains in which people get letters who are not in policies/people.json, with commas; none where it is empty.')
param mailDomains string = ''

@minValue(0)
@maxValue(2000)
@description('Letters about one proposal that may leave in a day; further ones wait for the next.')
param lettersPerProposal int = 200

@minValue(0)
@maxValue(2000)
@description('Letters that may leave in a day on behalf of one person.')
param lettersPerSender int = 1000

@description('Who decides where a proposal names no policy, with semicolons between the names. Empty: such a proposal is refused.')
param designBoard string = ''

@description('Who decides when the design board has not answered, with semicolons between the names.')
param headOfDesign string = ''

@description('Who may bring a policy of their own when they are signed in: names with semicolons, * for everybody; nobody where it is empty.')
param policyAuthors string = ''

@description('Who may read the reports: names with semicolons, * for everybody who is signed in; nobody where it is empty.')
param reportReaders string = ''

@description('Who may use the pages of operations: names with semicolons, * for everybody who is signed in; nobody where it is empty.')
param operators string = ''

@minValue(0)
@maxValue(1000000)
@description('Requests that one caller may make in a minute; 0 for no limit.')
param requestsPerMinute int = 600

@minValue(1)
@description('Most histories purged in one night.')
param historyRetentionLimit int = 500

@minLength(1)
@description('Secret of the vault with the keys that authenticate records. Until it is there no proposal is taken.')
param recordKeysSecretName string = 'record-keys'

@description('For an app that has records from before it had keys: the instant of its first one, as 2026-11-26T00:00:00+00:00.')
param recordsSignedSince string = ''

@description('Secret of the vault with the keys that sign the links in letters. Empty: letters carry no links.')
param linkKeysSecretName string = ''

@description('Mail server. Empty: letters are put into the container outbox.')
param smtpHost string = ''

@minValue(1)
@maxValue(65535)
@description('Port of the mail server: 587 for STARTTLS, 465 for TLS.')
param smtpPort int = 587

@description('User name at the mail server.')
param smtpUser string = ''

@description('Secret of the vault with the password at the mail server.')
param smtpSecretName string = ''

@description('Address from which letters come.')
param mailFrom string = ''

@description('Client id of the app registration with which people sign in. Empty: callers need a function key instead.')
param authClientId string = ''

@description('Tenant whose people may sign in.')
param authTenantId string = tenant().tenantId

// ------------------------------------------------------------------ what follows from that

var abbreviations = loadJsonContent('abbreviations.json')
var profiles = {
  dev: loadJsonContent('profiles/dev.parameters.json').parameters
  'prod-cheap': loadJsonContent('profiles/prod-cheap.parameters.json').parameters
  'prod-secure': loadJsonContent('profiles/prod-secure.parameters.json').parameters
}
var chosen = profiles[profile]

var resourceToken = toLower(uniqueString(subscription().id, environmentName, location))
var tags = { 'azd-env-name': environmentName }
var appName = '${abbreviations.webSitesFunctions}${resourceToken}'
var hubName = 'GreenlightHub' // The one of host.json; it cannot change while workflows wait.
var onScheduler = backend == 'DurableTaskScheduler'
var inNetwork = vnetEnabled ?? chosen.vnetEnabled.value
var withoutInternet = inNetwork && (privateInbound ?? chosen.privateInbound.value)
var logsOfStorage = storageLogs ?? chosen.storageLogs.value

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: '${abbreviations.resourcesResourceGroups}${environmentName}'
  location: location
  tags: tags
}

module identity 'br/public:avm/res/managed-identity/user-assigned-identity:0.6.0' = {
  name: 'identity'
  scope: group
  params: {
    name: '${abbreviations.managedIdentityUserAssignedIdentities}${resourceToken}'
    location: location
    tags: tags
  }
}

module monitoring 'app/monitoring.bicep' = {
  name: 'monitoring'
  scope: group
  params: {
    workspaceName: '${abbreviations.operationalInsightsWorkspaces}${resourceToken}'
    insightsName: '${abbreviations.insightsComponents}${resourceToken}'
    location: location
    tags: tags
    retentionDays: logRetentionDays ?? chosen.logRetentionDays.value
    dailyQuotaGb: logDailyQuotaGb ?? chosen.logDailyQuotaGb.value
  }
}

module storage 'app/storage.bicep' = {
  name: 'storage'
  scope: group
  params: {
    hubAccountName: '${abbreviations.storageStorageAccounts}hub${resourceToken}'
    dataAccountName: '${abbreviations.storageStorageAccounts}data${resourceToken}'
    location: location
    tags: tags
    skuName: storageSku ?? chosen.storageSku.value
    inNetwork: inNetwork
    allowedIpAddresses: allowedIpAddresses
    workspaceResourceId: monitoring.outputs.workspaceResourceId
    logs: logsOfStorage
    recordsImmutableDays: recordsImmutableDays ?? chosen.recordsImmutableDays.value
    documentsKeepDays: documentsKeepDays ?? chosen.documentsKeepDays.value
    softDeleteDays: softDeleteDays ?? chosen.softDeleteDays.value
  }
}

module vault 'app/keyvault.bicep' = {
  name: 'vault'
  scope: group
  params: {
    name: '${abbreviations.keyVaultVaults}${resourceToken}'
    location: location
    tags: tags
    inNetwork: inNetwork
    allowedIpAddresses: allowedIpAddresses
    workspaceResourceId: monitoring.outputs.workspaceResourceId
    purgeProtection: purgeProtection ?? chosen.purgeProtection.value
    appPrincipalId: identity.outputs.principalId
    operatorPrincipalId: principalId
    operatorPrincipalType: principalType
  }
}

module roles 'app/rbac.bicep' = {
  name: 'roles'
  scope: group
  params: {
    appPrincipalId: identity.outputs.principalId
    operatorPrincipalId: principalId
    operatorPrincipalType: principalType
    producerPrincipalIds: producerPrincipalIds
    hubAccountName: storage.outputs.hubAccountName
    dataAccountName: storage.outputs.dataAccountName
    containerNames: storage.outputs.containerNames
    queueNames: storage.outputs.queueNames
    decisionQueueName: storage.outputs.decisionQueueName
    insightsName: monitoring.outputs.insightsName
  }
}

module scheduler 'app/scheduler.bicep' = if (onScheduler) {
  name: 'scheduler'
  scope: group
  params: {
    name: '${abbreviations.durableTaskSchedulers}${resourceToken}'
    location: location
    tags: tags
    hubName: hubName
    appPrincipalId: identity.outputs.principalId
    operatorPrincipalId: principalId
    operatorPrincipalType: principalType
  }
}

module network 'app/vnet.bicep' = if (inNetwork) {
  name: 'network'
  scope: group
  params: {
    name: '${abbreviations.networkVirtualNetworks}${resourceToken}'
    location: location
    tags: tags
  }
}

module storesInside 'app/private-endpoints.bicep' = if (inNetwork) {
  name: 'storesInside'
  scope: group
  params: {
    location: location
    tags: tags
    subnetResourceId: network.?outputs.?endpointSubnetResourceId ?? ''
    zones: network.?outputs.?zones ?? {}
    endpoints: [
      { name: '${abbreviations.networkPrivateEndpoints}hub-blob', target: storage.outputs.hubResourceId, service: 'blob' }
      { name: '${abbreviations.networkPrivateEndpoints}hub-queue', target: storage.outputs.hubResourceId, service: 'queue' }
      { name: '${abbreviations.networkPrivateEndpoints}hub-table', target: storage.outputs.hubResourceId, service: 'table' }
      { name: '${abbreviations.networkPrivateEndpoints}data-blob', target: storage.outputs.dataResourceId, service: 'blob' }
      { name: '${abbreviations.networkPrivateEndpoints}data-queue', target: storage.outputs.dataResourceId, service: 'queue' }
      { name: '${abbreviations.networkPrivateEndpoints}data-table', target: storage.outputs.dataResourceId, service: 'table' }
      { name: '${abbreviations.networkPrivateEndpoints}vault', target: vault.outputs.resourceId, service: 'vault' }
    ]
  }
}

module api 'app/api.bicep' = {
  name: 'api'
  scope: group
  params: {
    name: appName
    planName: '${abbreviations.webServerFarms}${resourceToken}'
    location: location
    tags: tags
    pythonVersion: pythonVersion
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount ?? chosen.maximumInstanceCount.value
    alwaysReadyInstances: alwaysReadyInstances ?? chosen.alwaysReadyInstances.value
    zoneRedundant: zoneRedundant ?? chosen.zoneRedundant.value
    workerThreads: workerThreads
    identityResourceId: identity.outputs.resourceId
    identityClientId: identity.outputs.clientId
    hubEndpoints: storage.outputs.hubEndpoints
    dataEndpoints: storage.outputs.dataEndpoints
    packageContainerName: storage.outputs.packageContainerName
    insightsConnectionString: monitoring.outputs.insightsConnectionString
    workspaceResourceId: monitoring.outputs.workspaceResourceId
    subnetResourceId: network.?outputs.?appSubnetResourceId ?? ''
    publicAccess: !withoutInternet
    schedulerEndpoint: scheduler.?outputs.?endpoint ?? ''
    hubName: hubName
    publicUrl: empty(publicUrl) ? 'https://${appName}.azurewebsites.net' : publicUrl
    allowedHosts: allowedHosts
    mailDomains: mailDomains
    lettersPerProposal: lettersPerProposal
    lettersPerSender: lettersPerSender
    designBoard: designBoard
    headOfDesign: headOfDesign
    policyAuthors: policyAuthors
    reportReaders: reportReaders
    operators: operators
    requestsPerMinute: requestsPerMinute
    historyRetentionDays: historyRetentionDays ?? chosen.historyRetentionDays.value
    historyRetentionLimit: historyRetentionLimit
    vaultUri: vault.outputs.uri
    linkKeysSecretName: linkKeysSecretName
    recordKeysSecretName: recordKeysSecretName
    recordsSignedSince: recordsSignedSince
    smtpHost: smtpHost
    smtpPort: smtpPort
    smtpUser: smtpUser
    smtpSecretName: smtpSecretName
    mailFrom: mailFrom
    authClientId: authClientId
    authTenantId: authTenantId
  }
  dependsOn: [roles, storesInside] // A host that starts before it may read its storage starts again, and again.
}

module appInside 'app/private-endpoints.bicep' = if (withoutInternet) {
  name: 'appInside'
  scope: group
  params: {
    location: location
    tags: tags
    subnetResourceId: network.?outputs.?endpointSubnetResourceId ?? ''
    zones: network.?outputs.?zones ?? {}
    endpoints: [
      { name: '${abbreviations.networkPrivateEndpoints}app', target: api.outputs.resourceId, service: 'sites' }
    ]
  }
}

module workbook 'app/workbook.bicep' = {
  name: 'workbook'
  scope: group
  params: {
    location: location
    tags: tags
    insightsResourceId: monitoring.outputs.insightsResourceId
  }
}

module alerts 'app/alerts.bicep' = if (alertsEnabled ?? chosen.alertsEnabled.value) {
  name: 'alerts'
  scope: group
  params: {
    actionGroupName: '${abbreviations.insightsActionGroups}${resourceToken}'
    rulePrefix: '${abbreviations.insightsScheduledQueryRules}${resourceToken}'
    location: location
    tags: tags
    email: alertEmail
    insightsResourceId: monitoring.outputs.insightsResourceId
    workspaceResourceId: monitoring.outputs.workspaceResourceId
    storageLogs: logsOfStorage
    onScheduler: onScheduler
    hubAccountName: storage.outputs.hubAccountName
    appPrincipalId: identity.outputs.principalId
  }
}

// ------------------------------------------------------------------ what azd and people need to know afterwards

@description('Region of the deployment.')
output AZURE_LOCATION string = location
@description('Tenant of the deployment.')
output AZURE_TENANT_ID string = tenant().tenantId
@description('Its resource group.')
output AZURE_RESOURCE_GROUP string = group.name
@description('Name of the function app, for func azure functionapp publish.')
output AZURE_FUNCTION_NAME string = api.outputs.name
@description('The same, as azd names it.')
output SERVICE_API_NAME string = api.outputs.name
@description('Where the app answers.')
output SERVICE_API_URI string = api.outputs.uri
@description('Vault into which the operator puts the keys of links and the password of the mail server.')
output AZURE_KEY_VAULT_NAME string = vault.outputs.name
@description('Account to whose approval-queue producers send.')
output APPROVALS_STORAGE_NAME string = storage.outputs.dataAccountName
@description('Client id of the app\'s identity; the app registration for sign-in must trust its principal.')
output APP_IDENTITY_CLIENT_ID string = identity.outputs.clientId
@description('Object id of the app\'s identity.')
output APP_IDENTITY_PRINCIPAL_ID string = identity.outputs.principalId
