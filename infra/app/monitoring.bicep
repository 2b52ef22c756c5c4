// Where logs go: one workspace, and Application Insights on top of it. Both take data from identities only.

param workspaceName string
param insightsName string
param location string
param tags object
param retentionDays int
@description('Gigabytes a day; -1 for no limit.')
param dailyQuotaGb string

module workspace 'br/public:avm/res/operational-insights/workspace:0.16.1' = {
  name: 'workspace'
  params: {
    name: workspaceName
    location: location
    tags: tags
    skuName: 'PerGB2018'
    dataRetention: retentionDays
    dailyQuotaGb: dailyQuotaGb
    features: {
      disableLocalAuth: true
      enableLogAccessUsingOnlyResourcePermissions: true
    }
  }
}

module insights 'br/public:avm/res/insights/component:0.8.0' = {
  name: 'insights'
  params: {
    name: insightsName
    location: location
    tags: tags
    kind: 'web'
    applicationType: 'web'
    workspaceResourceId: workspace.outputs.resourceId
    retentionInDays: retentionDays
    disableLocalAuth: true
    disableIpMasking: false // Addresses of people are no business of the logs.
  }
}

output workspaceResourceId string = workspace.outputs.resourceId
output insightsResourceId string = insights.outputs.resourceId
output insightsName string = insights.outputs.name
@description('Says where to send; without a role of the sender it opens nothing, as local authentication is off.')
output insightsConnectionString string = insights.outputs.connectionString
