package router

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"math"
	"slices"
	"strings"

	"brownout/mocks/wire"
)

// digest is the identity of a request: equal for requests that may be answered
// by the same answer.
type digest [sha256.Size]byte

// asker is on whose behalf a request is made. What was answered to one is
// never shown to another: entries do not cross keys, privacy classes or
// regions.
type asker struct {
	key                 string // the client's API key, or the tenant it stands for; "" where all clients share
	anyClass, anyRegion bool   // the request may reach any
	classes, regions    []string
}

// digestOf is the identity of req when its model stands for model (what
// aliases resolve to, or the name of an equivalence class) and who asks.
//
// What can change the answer counts: the conversation, tools, the shape that
// is wanted, sampling, length, and the user on whose behalf it is asked. What
// cannot is left out: whether it is streamed, whether usage is wanted, and
// which API was asked, since an answer is replayed in any form. Line ends are
// made one kind and white space around a turn is dropped, but for a partial
// answer, which the model goes on with to the byte.
func digestOf(req *wire.Request, model string, who asker) digest {
	d := digester{sha256.New()}
	d.text(model)
	d.text(who.key)
	d.flags(who.anyClass, who.anyRegion)
	d.list(who.classes)
	d.list(who.regions)
	d.number(uint64(len(req.Messages)))
	for i, m := range req.Messages {
		d.text(m.Role)
		if i == len(req.Messages)-1 && m.Role == "assistant" {
			d.text(m.Text)
		} else {
			d.text(plainTurn(m.Text))
		}
		d.text(m.ToolCallID)
		d.calls(m.ToolCalls)
	}
	d.settings(req)
	var out digest
	d.h.Sum(out[:0])
	return out
}

// plainTurn is a turn without what no reader would notice.
func plainTurn(s string) string {
	if strings.ContainsRune(s, '\r') {
		s = strings.ReplaceAll(s, "\r\n", "\n")
	}
	return strings.TrimSpace(s)
}

// digester writes parts with their lengths, so that no two lists of parts read
// alike.
type digester struct{ h hash.Hash }

func (d digester) number(n uint64) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], n)
	d.h.Write(b[:])
}

func (d digester) text(s string) {
	d.number(uint64(len(s)))
	d.h.Write([]byte(s))
}

// list writes words whose order does not matter.
func (d digester) list(words []string) {
	words = slices.Clone(words)
	slices.Sort(words)
	words = slices.Compact(words)
	d.number(uint64(len(words)))
	for _, w := range words {
		d.text(w)
	}
}

func (d digester) flags(set ...bool) {
	var n uint64
	for i, b := range set {
		if b {
			n |= 1 << i
		}
	}
	d.number(n)
}

func (d digester) calls(list []wire.ToolCall) {
	d.number(uint64(len(list)))
	for _, c := range list {
		d.text(c.ID)
		d.text(c.Name)
		d.text(c.Arguments)
	}
}

// settings writes what a request says beside its conversation.
func (d digester) settings(req *wire.Request) {
	d.number(uint64(req.MaxTokens))
	d.flags(req.Temperature != nil, req.TopP != nil, req.Seed != nil, req.SingleCall, req.JSON, req.Truncate)
	if req.Temperature != nil {
		d.number(math.Float64bits(*req.Temperature))
	}
	if req.TopP != nil {
		d.number(math.Float64bits(*req.TopP))
	}
	if req.Seed != nil {
		d.number(uint64(*req.Seed))
	}
	d.text(req.User)
	d.text(req.Previous)
	d.list(req.Stop)
	d.text(req.ToolChoice)
	d.text(string(req.Schema))
	d.number(uint64(len(req.Tools)))
	for _, t := range req.Tools {
		d.text(t.Name)
		d.text(t.Description)
		d.text(string(t.Schema))
	}
}
