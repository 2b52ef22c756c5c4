// The function app on Flex Consumption: its plan, its package, its settings, and how people sign in.

param name string
param planName string
param location string
param tags object
param pythonVersion string
param instanceMemoryMB int
param maximumInstanceCount int
param alwaysReadyInstances int
param zoneRedundant bool
param workerThreads int
param identityResourceId string
param identityClientId string
@description('Addresses of the hub account: blob, queue, table.')
param hubEndpoints object
@description('Addresses of the data account: blob, queue, table.')
param dataEndpoints object
param packageContainerName string
param insightsConnectionString string
param workspaceResourceId string
@description('Subnet through which the app goes out. Empty: over the internet.')
param subnetResourceId string
param publicAccess bool
@description('Address of the Durable Task Scheduler. Empty: the hub is in Azure Storage.')
param schedulerEndpoint string
param hubName string
param publicUrl string
param allowedHosts string
@description('Domains in which also those get letters who are not in the directory.')
param mailDomains string
param lettersPerProposal int
param lettersPerSender int
@description('Who decides where a proposal names no policy, with semicolons between the names.')
param designBoard string
param headOfDesign string
param policyAuthors string
param reportReaders string
param operators string
param requestsPerMinute int
param historyRetentionDays int
param historyRetentionLimit int
param vaultUri string
param linkKeysSecretName string
param recordKeysSecretName string
@description('Instant from which on every entry of a record is authenticated. Empty: all are.')
param recordsSignedSince string
param smtpHost string
param smtpPort int
param smtpUser string
param smtpSecretName string
param mailFrom string
param authClientId string
param authTenantId string

var signsIn = !empty(authClientId)

// What the app and its host read. Secrets are references, which the platform resolves with the app's identity.
var settings = {
  AzureWebJobsStorage__blobServiceUri: hubEndpoints.blob
  AzureWebJobsStorage__queueServiceUri: hubEndpoints.queue
  AzureWebJobsStorage__tableServiceUri: hubEndpoints.table
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identityClientId
  ApprovalsStorage__blobServiceUri: dataEndpoints.blob
  ApprovalsStorage__queueServiceUri: dataEndpoints.queue
  ApprovalsStorage__tableServiceUri: dataEndpoints.table
  ApprovalsStorage__credential: 'managedidentity'
  ApprovalsStorage__clientId: identityClientId
  APPLICATIONINSIGHTS_CONNECTION_STRING: insightsConnectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
  // The worker sends the app's lines by itself, with the trace that they belong to; of other libraries' the host knows.
  PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY: 'true'
  PYTHON_AZURE_MONITOR_LOGGER_NAME: 'greenlight'
  AZURE_FUNCTIONS_DURABLE_STRICT_TYPING: '1'
  // A worker takes no more than it has threads for; what waits in its memory is slower than what waits in the queue.
  PYTHON_THREADPOOL_THREAD_COUNT: string(workerThreads)
  AzureFunctionsJobHost__extensions__durableTask__maxConcurrentActivityFunctions: string(workerThreads)
  AzureFunctionsJobHost__extensions__durableTask__maxConcurrentOrchestratorFunctions: string(workerThreads)
  APPROVALS_ALLOW_BARE: '0'
  AUTH_MODE: signsIn ? 'easyauth' : 'keys'
  PUBLIC_URL: publicUrl
  ALLOWED_HOSTS: allowedHosts
  MAIL_DOMAINS: mailDomains
  LETTERS_PER_PROPOSAL: string(lettersPerProposal)
  LETTERS_PER_SENDER: string(lettersPerSender)
  DESIGN_BOARD: designBoard
  HEAD_OF_DESIGN: headOfDesign
  POLICY_AUTHORS: policyAuthors
  REPORT_READERS: reportReaders
  OPERATORS: operators
  REQUESTS_PER_MINUTE: string(requestsPerMinute)
  ATTACHMENTS_CONTAINER: 'attachments'
  READABLE_CONTAINERS: 'attachments'
  REGISTER_CONTAINER: 'register'
  RECORDS_CONTAINER: 'records'
  HEADS_CONTAINER: 'records-heads'
  RECORD_KEYS: '@Microsoft.KeyVault(SecretUri=${vaultUri}secrets/${recordKeysSecretName})'
  RECORDS_SIGNED_SINCE: recordsSignedSince
  OUTBOX_CONTAINER: 'outbox'
  REPORTS_CONTAINER: 'reports'
  RETENTION_DAYS: string(historyRetentionDays)
  RETENTION_LIMIT: string(historyRetentionLimit)
  LINK_KEYS: empty(linkKeysSecretName) ? '' : '@Microsoft.KeyVault(SecretUri=${vaultUri}secrets/${linkKeysSecretName})'
  SMTP_HOST: smtpHost
  SMTP_PORT: string(smtpPort)
  SMTP_USER: smtpUser
  SMTP_PASSWORD: empty(smtpSecretName)
    ? ''
    : '@Microsoft.KeyVault(SecretUri=${vaultUri}secrets/${smtpSecretName})'
  MAIL_FROM: mailFrom
}
var settingsOfScheduler = {
  DURABLE_TASK_SCHEDULER_CONNECTION_STRING: 'Endpoint=${schedulerEndpoint};Authentication=ManagedIdentity;ClientID=${identityClientId}'
  TASKHUB_NAME: hubName
}
// Signing in needs no client secret: the app registration trusts the app's identity.
var settingsOfSignIn = {
  OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID: identityClientId
  WEBSITE_AUTH_AAD_ALLOWED_TENANTS: authTenantId
}

module plan 'br/public:avm/res/web/serverfarm:0.7.0' = {
  name: 'plan'
  params: {
    name: planName
    location: location
    tags: tags
    kind: 'functionapp'
    skuName: 'FC1'
    reserved: true
    zoneRedundant: zoneRedundant
  }
}

module app 'br/public:avm/res/web/site:0.24.0' = {
  name: 'app'
  params: {
    name: name
    location: location
    tags: union(tags, { 'azd-service-name': 'api' })
    kind: 'functionapp,linux'
    serverFarmResourceId: plan.outputs.resourceId
    managedIdentities: { userAssignedResourceIds: [identityResourceId] }
    keyVaultAccessIdentityResourceId: identityResourceId
    httpsOnly: true
    clientAffinityEnabled: false
    publicNetworkAccess: publicAccess ? 'Enabled' : 'Disabled'
    virtualNetworkSubnetResourceId: empty(subnetResourceId) ? null : subnetResourceId
    siteConfig: {
      alwaysOn: false // Flex Consumption knows always-ready instances in its place.
      minTlsVersion: '1.2'
      ftpsState: 'Disabled'
      http20Enabled: true
    }
    basicPublishingCredentialsPolicies: [
      { name: 'ftp', allow: false }
      { name: 'scm', allow: false }
    ]
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${hubEndpoints.blob}${packageContainerName}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityResourceId
          }
        }
      }
      runtime: { name: 'python', version: pythonVersion }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        alwaysReady: alwaysReadyInstances > 0 ? [{ name: 'durable', instanceCount: alwaysReadyInstances }] : []
      }
    }
    configs: [
      {
        name: 'appsettings'
        retainCurrentAppSettings: false // What is not written here is not set.
        properties: union(
          settings,
          empty(schedulerEndpoint) ? {} : settingsOfScheduler,
          signsIn ? settingsOfSignIn : {}
        )
      }
      {
        name: 'authsettingsV2'
        properties: {
          platform: { enabled: signsIn, runtimeVersion: '~1' }
          globalValidation: {
            // The app itself asks people to sign in (401) and systems for a key. Were it asked for on every path, keys,
            // decision links and the durable API would need a token as well. The platform takes forged headers away as
            // long as it is on, whatever stands here.
            requireAuthentication: false
            unauthenticatedClientAction: 'AllowAnonymous'
            redirectToProvider: 'azureactivedirectory'
          }
          httpSettings: { requireHttps: true }
          login: { tokenStore: { enabled: false } }
          identityProviders: signsIn
            ? {
                azureActiveDirectory: {
                  enabled: true
                  registration: {
                    clientId: authClientId
                    clientSecretSettingName: 'OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID'
                    openIdIssuer: '${environment().authentication.loginEndpoint}${authTenantId}/v2.0'
                  }
                  validation: { allowedAudiences: [authClientId, 'api://${authClientId}'] }
                }
              }
            : {}
        }
      }
    ]
    diagnosticSettings: [
      {
        name: 'platform'
        workspaceResourceId: workspaceResourceId
        logCategoriesAndGroups: [{ categoryGroup: 'allLogs' }]
        metricCategories: []
      }
    ]
  }
}

output name string = app.outputs.name
output resourceId string = app.outputs.resourceId
output uri string = 'https://${app.outputs.defaultHostname}'
