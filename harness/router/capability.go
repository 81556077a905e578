package router

// What a model may lack, as Model.Lacks says.
const (
	lackTools   = "tools"   // calls of functions
	lackJSON    = "json"    // answers in JSON, with or without a schema
	lackStreams = "streams" // answers word by word
)

// lacks are the words of Model.Lacks.
var lacks = []string{lackTools, lackJSON, lackStreams}

// capabilities asks those last that are known not to be able to do what the
// request needs: they would only refuse it. They stay in the list, because a
// catalogue may be out of date.
func capabilities(*engine) *stage {
	return &stage{choose: func(c *call, cands []candidate) []candidate {
		for i := range cands {
			if c.unfit(&cands[i]) {
				sortBy(cands, func(v *candidate) float64 {
					if c.unfit(v) {
						return 1
					}
					return 0
				})
				break
			}
		}
		return cands
	}}
}

// unfit tells whether a candidate is known not to do what the request needs.
func (c *call) unfit(v *candidate) bool {
	for _, lack := range v.info.Lacks {
		switch lack {
		case lackTools:
			if len(c.req.Tools) > 0 {
				return true
			}
		case lackJSON:
			if c.req.JSON || len(c.req.Schema) > 0 {
				return true
			}
		case lackStreams:
			if c.req.Stream {
				return true
			}
		}
	}
	return c.tooLong(v.info)
}

// tooLong tells whether a prompt is sure not to fit into a model's context: a
// word has one token at least. Few prompts are near enough to be counted.
func (c *call) tooLong(m *Model) bool {
	if m.Context == 0 || c.embed != nil { // of texts to embed each may be as long
		return false
	}
	room := m.Context - c.req.MaxTokens
	return promptSize(c.req)/2 >= room && c.words() > room
}
