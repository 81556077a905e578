package wire

// dialects is every wire format there is, in the order Names lists them. A
// new one is a file of its own and a line here.
var dialects = []Dialect{
	openAI{openAICom},
	anthropic{anthropicCom},
	openAI{vLLM},
	ollamaLocal,
	llamaCppServer,
	azureOpenAI,
	xAI,
	groqCloud,
	mistralAI,
	deepSeekWaiting{deepSeek},
	databricks,
	azureMLEndpoint,
	bedrock{bedrockAWS},
	sageMakerAWS,
	gemini{geminiAPI},
	vertexAI,
}

// Lookup returns the dialect of that name.
func Lookup(name string) (Dialect, bool) {
	for _, d := range dialects {
		if d.Name() == name {
			return d, true
		}
	}
	return nil, false
}

// Names lists the dialects.
func Names() []string {
	names := make([]string, len(dialects))
	for i, d := range dialects {
		names[i] = d.Name()
	}
	return names
}
