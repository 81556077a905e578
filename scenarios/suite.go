package scenarios

const scenariosKey = "scenarios"
