package wire

// PathFanOut is where a gateway takes the independent prompts of a workflow in
// one request. No provider has it.
const PathFanOut = "/v1/fanout"
