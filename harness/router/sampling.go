package router

import (
	"bytes"
	"encoding/json"
)

// sampling reads from the client's body what a front's dialect does not: how
// the answer is to be sampled, and for whom. Most requests say nothing of it,
// which is told from a look at the bytes.
func (c *call) sampling() {
	b := c.body
	if !bytes.Contains(b, []byte(`"top_p"`)) && !bytes.Contains(b, []byte(`"seed"`)) &&
		!bytes.Contains(b, []byte(`"user":`)) && !bytes.Contains(b, []byte(`"user_id"`)) {
		return
	}
	var in struct {
		TopP     *float64 `json:"top_p"`
		Seed     *int64   `json:"seed"`
		User     string   `json:"user"`
		Metadata struct {
			UserID string `json:"user_id"`
		} `json:"metadata"`
	}
	// What is of another sort is the provider's to refuse, where it is sent on.
	_ = json.Unmarshal(b, &in)
	c.req.TopP, c.req.Seed, c.req.User = in.TopP, in.Seed, in.User
	if c.front.Name() == frontAnthropic {
		c.req.User = in.Metadata.UserID
	}
}
