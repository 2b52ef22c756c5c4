// Private endpoints: addresses inside the network for services that are otherwise reached over the internet.

param location string
param tags object
param subnetResourceId string
@description('Resource ids of DNS zones by service.')
param zones object
@description('What is to be reached from inside: the endpoint\'s name, the target\'s resource id, and which of its services.')
param endpoints { name: string, target: string, service: string }[]

module each 'br/public:avm/res/network/private-endpoint:0.12.1' = [
  for endpoint in endpoints: {
    name: endpoint.name
    params: {
      name: endpoint.name
      location: location
      tags: tags
      subnetResourceId: subnetResourceId
      privateLinkServiceConnections: [
        {
          name: endpoint.name
          properties: { privateLinkServiceId: endpoint.target, groupIds: [endpoint.service] }
        }
      ]
      privateDnsZoneGroup: {
        privateDnsZoneGroupConfigs: [{ privateDnsZoneResourceId: zones[endpoint.service] }]
      }
    }
  }
]
