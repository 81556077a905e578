package reports

import (
	"fmt"
	"html/template"
	"io"
	"strings"

	"brownout/harness/score"
)

// badgeCharWidth is about the width of a character of 11 px Verdana, in px.
const badgeCharWidth = 6.9

var badgeTemplate = template.Must(template.New("badge").Parse(
	`<svg xmlns="http://www.w3.org/2000/svg" width="{{.Width}}" height="20" role="img" aria-label="{{.Label}}: {{.Value}}">
<title>{{.Label}}: {{.Value}}</title>
<rect width="{{.Width}}" height="20" rx="3" fill="#444"/>
<path fill="{{.Colour}}" d="M{{.Left}} 0h{{.Right}}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3H{{.Left}}z"/>
<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">
<text x="{{.LabelAt}}" y="14">{{.Label}}</text>
<text x="{{.ValueAt}}" y="14">{{.Value}}</text>
</g>
</svg>
`))

// writeBadge draws the worst of the runs as a badge for a web page.
func writeBadge(w io.Writer, runs []*score.Snapshot) error {
	worst := runs[0]
	for _, s := range runs[1:] {
		if badness(s) > badness(worst) {
			worst = s
		}
	}
	label, value := "resilience", strings.ToLower(string(worst.Verdict))
	if worst.Score.Scored {
		value = fmt.Sprintf("%s %.0f", value, worst.Score.Total)
	}
	left, right := width(label), width(value)
	return badgeTemplate.Execute(w, map[string]any{
		"Label": label, "Value": value, "Colour": badgeColour(worst.Verdict),
		"Width": left + right, "Left": left, "Right": right - 3, "LabelAt": left / 2, "ValueAt": left + right/2,
	})
}

func width(s string) int { return int(float64(len(s))*badgeCharWidth) + 14 }

// badness orders runs: by verdict, then by score.
func badness(s *score.Snapshot) float64 {
	rank := map[score.Verdict]float64{score.Pass: 0, score.Pending: 1, score.Inconclusive: 1, score.Fail: 2}[s.Verdict]
	return rank*1000 - s.Score.Total
}

// badgeColour is dark enough for white letters (contrast 4.5 and more).
func badgeColour(v score.Verdict) string {
	switch v {
	case score.Pass:
		return "#1a7f37"
	case score.Fail:
		return "#c62828"
	}
	return "#8a6100"
}
