package service

import (
	"bytes"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"text/template"
	"time"

	"brownout/mocks/presets"
)

var update = flag.Bool("update", false, "rewrite docs/gpu-sweep.md and its plot")

// The page on saturation shows what the simulator does; it is written by
// go test ./mocks/service -run GPUSweepPage -update.
func TestGPUSweepPage(t *testing.T) {
	swept := make([][]sweepPoint, len(sweepCases))
	for i, c := range sweepCases {
		for _, r := range c.rates {
			swept[i] = append(swept[i], sweep(t, c, r))
		}
	}
	for name, want := range map[string][]byte{"gpu-sweep.md": sweepPage(t, swept), "gpu-sweep.svg": sweepPlot(t, swept)} {
		file := filepath.Join("..", "..", "docs", name)
		if *update {
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, want, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what the simulator does now; write it anew with -update", file)
		}
	}
}

func sweepPage(t *testing.T, swept [][]sweepPoint) []byte {
	var b bytes.Buffer
	fmt.Fprint(&b, `# How a GPU server saturates

The service model `+"`gpu`"+` simulates continuous batching as vLLM's scheduler does
it: each step gives every running sequence a token, or a chunk of its prompt;
waiting sequences join while there is room in the batch and in the KV cache;
when the cache is full, the sequence that joined last is thrown out and computed
again. Nothing in it says "saturated": that emerges. Throughput follows the
offered rate and then stands; beyond that knee the queue grows for as long as
the load lasts, and with it the time to first token.

This page is written by `+"`go test ./mocks/service -run GPUSweepPage -update`"+`, in
simulated time, and is the same on every machine. Its speeds are those of the
presets, which say where each comes from; none was measured on real hardware.

![Throughput and time to first token against the offered rate](gpu-sweep.svg)
`)
	for i, c := range sweepCases {
		spec, ok := presets.Get(c.preset)
		if !ok {
			t.Fatalf("no preset %q", c.preset)
		}
		s := spec.Service
		fmt.Fprintf(&b, `
## One replica of %[1]s

%[2]s. A step takes
%[3]v, %[4]v more for each sequence that
decodes and a second for each %[5]g prompt tokens; the batch holds %[6]d
sequences, the cache %[7]d blocks of %[8]d tokens. Prompts have %[9]d tokens in the
median, answers %[10]d, both lognormal with sigma 0.5; calls arrive as a Poisson
process for %[11]v, of which the first %[12]v are not measured.

| offered, calls/s | served, calls/s | answer tokens/s | first token p50 | first token p95 | per token p50 | mean batch | queue at the end | mean KV cache | preemptions |
|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|
`, c.preset, strings.ToUpper(c.what[:1])+c.what[1:], s.StepBase, s.StepPerSequence, s.PrefillRate, s.MaxSequences, s.KVBlocks, s.BlockTokens, c.prompt, c.answer, sweepFor, sweepWarm)
		for _, p := range swept[i] {
			fmt.Fprintf(&b, "| %g | %.2f | %.0f | %s | %s | %s | %.0f | %d | %.0f %% | %d |\n",
				p.offered, p.served, p.tokens, short(p.first50), short(p.first95), short(p.each50), p.running, p.waiting, 100*p.kv, p.preemptions)
		}
	}
	return b.Bytes()
}

// short is a time in three digits.
func short(d time.Duration) string {
	switch {
	case d >= 10*time.Second:
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
	case d >= time.Second:
		return strconv.FormatFloat(d.Seconds(), 'f', 2, 64) + " s"
	}
	return strconv.FormatFloat(d.Seconds()*1e3, 'f', 1, 64) + " ms"
}

// chart is one of the plot's four.
type chart struct {
	X, Y          float64 // of its upper left corner
	Title, Bottom string
	XTicks        []tick
	YTicks        []tick
	Curves        []curve
}

type tick struct {
	At   float64
	Text string
}

type curve struct {
	Name, Class, Points string
	Dots                []dot
	LabelX, LabelY      float64
}

type dot struct{ X, Y float64 }

// Sizes of a chart's plane, in the plot's units.
const (
	planeW, planeH = 330.0, 190.0
	cellW, cellH   = 440.0, 280.0
)

func sweepPlot(t *testing.T, swept [][]sweepPoint) []byte {
	var charts []chart
	for i, c := range sweepCases {
		most := c.rates[len(c.rates)-1]
		rates := niceTicks(most)
		top := 0.0
		for _, p := range swept[i] {
			top = max(top, p.tokens)
		}
		x := func(p sweepPoint) float64 { return p.offered / most * planeW }
		linear := func(v float64) float64 { return planeH * (1 - v/(1.15*top)) }
		// 10 ms to 1000 s, in decades.
		decades := func(d time.Duration) float64 { return planeH * (1 - (math.Log10(d.Seconds())+2)/5) }
		y := float64(i)*cellH + 50
		left := chart{X: 70, Y: y, Title: c.preset + ": answer tokens per second", Bottom: "offered calls per second"}
		right := chart{X: 70 + cellW, Y: y, Title: c.preset + ": time to first token", Bottom: "offered calls per second"}
		for _, r := range rates {
			at := tick{r / most * planeW, strconv.FormatFloat(r, 'g', -1, 64)}
			left.XTicks, right.XTicks = append(left.XTicks, at), append(right.XTicks, at)
		}
		for _, v := range niceTicks(1.15 * top) {
			left.YTicks = append(left.YTicks, tick{linear(v), strconv.FormatFloat(v, 'f', 0, 64)})
		}
		for j, name := range []string{"10 ms", "100 ms", "1 s", "10 s", "100 s", "1000 s"} {
			right.YTicks = append(right.YTicks, tick{planeH * (1 - float64(j)/5), name})
		}
		tokens, p50, p95 := curve{Class: "a"}, curve{Name: "p50", Class: "a"}, curve{Name: "p95", Class: "b"}
		for _, p := range swept[i] {
			tokens.add(x(p), linear(p.tokens))
			p50.add(x(p), decades(p.first50))
			p95.add(x(p), decades(p.first95))
		}
		left.Curves = []curve{tokens}
		right.Curves = []curve{p50, p95}
		charts = append(charts, left, right)
	}
	var b bytes.Buffer
	if err := plot.Execute(&b, map[string]any{
		"W": 2*cellW + 20, "H": float64(len(sweepCases))*cellH + 30, "PW": planeW, "PH": planeH, "Charts": charts,
	}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func (c *curve) add(x, y float64) {
	c.Points += fmt.Sprintf("%.1f,%.1f ", x, y)
	c.Dots = append(c.Dots, dot{x, y})
	c.LabelX, c.LabelY = x+6, y+4
}

// niceTicks are three to seven round numbers from 0 to most.
func niceTicks(most float64) (out []float64) {
	step := math.Pow(10, math.Floor(math.Log10(most)))
	for _, f := range []float64{0.2, 0.5, 1} {
		if most/(step*f) <= 7 {
			step *= f
			break
		}
	}
	for i := 0; float64(i)*step <= most; i++ {
		out = append(out, float64(i)*step)
	}
	return out
}

var plot = template.Must(template.New("").Funcs(template.FuncMap{
	"f": func(x float64) string { return strconv.FormatFloat(x, 'f', 1, 64) },
}).Parse(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {{f .W}} {{f .H}}" font-family="sans-serif" font-size="12" role="img">
<title>Throughput and time to first token against the offered rate</title>
<style>
rect.paper { fill: #fff }
line.grid { stroke: #ddd }
path.axis { stroke: #444; fill: none }
text { fill: #222 }
polyline { fill: none; stroke-width: 2 }
polyline.a { stroke: #0072b2 } circle.a { fill: #0072b2 } text.a { fill: #0072b2 }
polyline.b { stroke: #d55e00 } circle.b { fill: #d55e00 } text.b { fill: #d55e00 }
</style>
<rect class="paper" width="100%" height="100%"/>
{{- $pw := .PW}}{{$ph := .PH}}
{{- range .Charts}}
<g transform="translate({{f .X}} {{f .Y}})">
<text x="0" y="-16" font-weight="bold">{{.Title}}</text>
{{- range .YTicks}}
<line class="grid" x1="0" x2="{{f $pw}}" y1="{{f .At}}" y2="{{f .At}}"/><text x="-8" y="{{f .At}}" dy="4" text-anchor="end">{{.Text}}</text>
{{- end}}
{{- range .XTicks}}
<text x="{{f .At}}" y="{{f $ph}}" dy="18" text-anchor="middle">{{.Text}}</text>
{{- end}}
<text x="{{f $pw}}" y="{{f $ph}}" dy="34" text-anchor="end">{{.Bottom}}</text>
<path class="axis" d="M0 0V{{f $ph}}H{{f $pw}}"/>
{{- range $c := .Curves}}
<polyline class="{{$c.Class}}" points="{{$c.Points}}"/>
{{- range $c.Dots}}<circle class="{{$c.Class}}" r="3" cx="{{f .X}}" cy="{{f .Y}}"/>{{end}}
{{- if $c.Name}}<text class="{{$c.Class}}" x="{{f $c.LabelX}}" y="{{f $c.LabelY}}">{{$c.Name}}</text>{{end}}
{{- end}}
</g>
{{- end}}
</svg>
`))
