// The vault for what must be secret: keys of links, password of the mail server. The operator writes them; no template does.

param name string
param location string
param tags object
@description('Whether a private endpoint is the only way in.')
param inNetwork bool
param allowedIpAddresses string[]
param workspaceResourceId string
param purgeProtection bool
param appPrincipalId string
@description('Empty: nobody may write secrets yet.')
param operatorPrincipalId string
param operatorPrincipalType string

var ofApp = [
  {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionIdOrName: 'Key Vault Secrets User'
  }
]
var ofOperator = [
  {
    principalId: operatorPrincipalId
    principalType: operatorPrincipalType
    roleDefinitionIdOrName: 'Key Vault Secrets Officer'
  }
]
var guests = map(allowedIpAddresses, address => { value: address })

module vault 'br/public:avm/res/key-vault/vault:0.14.0' = {
  name: 'vault-itself'
  params: {
    name: name
    location: location
    tags: tags
    sku: 'standard'
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 90
    enablePurgeProtection: purgeProtection
    enableVaultForDeployment: false
    enableVaultForTemplateDeployment: false
    enableVaultForDiskEncryption: false
    publicNetworkAccess: inNetwork && empty(allowedIpAddresses) ? 'Disabled' : 'Enabled'
    networkAcls: inNetwork
      ? { defaultAction: 'Deny', bypass: 'None', ipRules: guests }
      : { defaultAction: 'Allow', bypass: 'None' }
    roleAssignments: empty(operatorPrincipalId) ? ofApp : concat(ofApp, ofOperator)
    diagnosticSettings: [
      {
        name: 'audit'
        workspaceResourceId: workspaceResourceId
        logCategoriesAndGroups: [{ categoryGroup: 'audit' }]
        metricCategories: []
      }
    ]
  }
}

output name string = vault.outputs.name
output resourceId string = vault.outputs.resourceId
output uri string = vault.outputs.uri
