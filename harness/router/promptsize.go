package router

import "brownout/mocks/wire"

// bytesPerToken is a rule of thumb for English text, by OpenAI's and
// Anthropic's help pages.
const bytesPerToken = 4

// promptSize is the length of a prompt in bytes, all turns together.
func promptSize(req *wire.Request) (n int) {
	for i := range req.Messages {
		n += len(req.Messages[i].Text)
	}
	return n
}

// words are those of the prompt, all turns together.
func (c *call) words() int {
	if c.wordCount == 0 {
		for i := range c.req.Messages {
			c.wordCount += wire.Words(c.req.Messages[i].Text)
		}
	}
	return c.wordCount
}
