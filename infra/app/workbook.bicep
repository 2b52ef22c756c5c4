// One page in the portal: what waits, what is late, what failed, which letters did not leave. Its queries are in
// workbook.json, as the portal shows it under "Advanced editor".

param location string
param tags object
param insightsResourceId string

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(insightsResourceId, 'greenlight')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    category: 'workbook'
    displayName: 'Greenlight'
    description: 'What waits, what is late, what failed, which letters did not leave.'
    sourceId: insightsResourceId
    serializedData: replace(string(loadJsonContent('workbook.json')), '<insights>', insightsResourceId)
  }
}
