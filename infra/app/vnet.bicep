// The network: one subnet that the app goes out through, one for private endpoints, and the DNS zones that make the
// usual host names lead there.

param name string
param location string
param tags object
@description('At least a /25: half of it is for the app, a quarter for endpoints.')
param addressPrefix string = '10.60.0.0/24'

var zoneNames = [
  { service: 'blob', name: 'privatelink.blob.${environment().suffixes.storage}' }
  { service: 'queue', name: 'privatelink.queue.${environment().suffixes.storage}' }
  { service: 'table', name: 'privatelink.table.${environment().suffixes.storage}' }
  { service: 'vault', name: 'privatelink.vaultcore.azure.net' }
  { service: 'sites', name: 'privatelink.azurewebsites.net' }
]

module network 'br/public:avm/res/network/virtual-network:0.10.1' = {
  name: 'network-itself'
  params: {
    name: name
    location: location
    tags: tags
    addressPrefixes: [addressPrefix]
    subnets: [
      {
        name: 'app'
        addressPrefix: cidrSubnet(addressPrefix, 25, 0)
        delegation: 'Microsoft.App/environments' // What Flex Consumption asks for.
      }
      {
        name: 'endpoints'
        addressPrefix: cidrSubnet(addressPrefix, 26, 2)
        privateEndpointNetworkPolicies: 'Disabled'
      }
    ]
  }
}

module zonesOfServices 'br/public:avm/res/network/private-dns-zone:0.8.1' = [
  for zone in zoneNames: {
    name: 'zone-${zone.service}'
    params: {
      name: zone.name
      tags: tags
      virtualNetworkLinks: [{ virtualNetworkResourceId: network.outputs.resourceId }]
    }
  }
]

output appSubnetResourceId string = network.outputs.subnetResourceIds[0]
output endpointSubnetResourceId string = network.outputs.subnetResourceIds[1]
@description('Resource id of the zone of each service.')
output zones object = toObject(
  zoneNames,
  zone => zone.service,
  zone => resourceId('Microsoft.Network/privateDnsZones', zone.name)
)
