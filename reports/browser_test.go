package reports_test

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"brownout/harness/score"
	"brownout/reports"
)

// browser starts Chromium, or skips the test where the machine has none (make
// test installs it).
func browser(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		t.Skip("no Chromium on this machine")
	}
	// A browser that runs as root, as in most containers, has no sandbox.
	alloc, stop := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.WindowSize(1100, 900))...)
	t.Cleanup(stop)
	ctx, stop := chromedp.NewContext(alloc)
	t.Cleanup(stop)
	ctx, stop = context.WithTimeout(ctx, 60*time.Second)
	t.Cleanup(stop)
	return ctx
}

// The page is looked at as its readers do: in a browser, in light and in dark.
func TestHTMLInABrowser(t *testing.T) {
	page := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(page, write(t, "html", finished(), finished()), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx := browser(t)
	var asked, said []string
	chromedp.ListenTarget(ctx, func(e any) {
		switch e := e.(type) {
		case *network.EventRequestWillBeSent:
			if u := e.Request.URL; u != "file://"+page && !strings.HasPrefix(u, "data:") {
				asked = append(asked, u)
			}
		case *log.EventEntryAdded:
			said = append(said, e.Entry.Text)
		case *runtime.EventExceptionThrown:
			said = append(said, e.ExceptionDetails.Error())
		}
	})
	var seen struct {
		Charts, Bars, Lines, Shades, Falls, Dialogs int
		Faults, Acts                                int // on the timelines
		Wide                                        bool
	}
	const look = `(() => {
		const n = s => [...document.querySelectorAll(s)].filter(e => e.getBoundingClientRect().width > 0).length;
		document.querySelectorAll("details").forEach(d => d.open = true);
		return {Charts: n("svg.chart"), Bars: n("figure svg.chart rect.ok"), Lines: n("polyline"), Shades: n(".shade"),
			Falls: n("details svg.chart rect"), Faults: n("svg.chart rect.fault"), Acts: n("svg.chart rect.box"), Dialogs: document.querySelectorAll("script").length,
			Wide: document.documentElement.scrollWidth > window.innerWidth};
	})()`
	if err := chromedp.Run(ctx, log.Enable(), network.Enable(), runtime.Enable(), chromedp.Navigate("file://"+page), chromedp.Evaluate(look, &seen)); err != nil {
		t.Fatal(err)
	}
	if seen.Charts < 12 || seen.Bars < 60 || seen.Lines < 8 || seen.Shades < 10 || seen.Falls < 8 {
		t.Errorf("charts are missing: %+v", seen)
	}
	if seen.Faults != 2 || seen.Acts != 4 { // of two runs
		t.Errorf("the timelines show %d faults and %d changes", seen.Faults, seen.Acts)
	}
	if seen.Dialogs != 0 {
		t.Errorf("%d scripts came into the page with what others wrote", seen.Dialogs)
	}
	if seen.Wide {
		t.Error("the page is wider than its window")
	}
	if len(asked) > 0 || len(said) > 0 {
		t.Errorf("the page asked for %q and the console says %q", asked, said)
	}
	for _, scheme := range []string{"light", "dark"} {
		t.Run(scheme, func(t *testing.T) {
			var low []string
			err := chromedp.Run(ctx, emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}),
				chromedp.Evaluate(contrastScript, &low))
			if err != nil {
				t.Fatal(err)
			}
			if len(low) > 0 {
				t.Errorf("text with a contrast below 4.5 to 1 (WCAG 2.1, AA): %q", low)
			}
		})
	}
	t.Run("on paper", func(t *testing.T) {
		var hidden, cut int
		const paper = `document.querySelectorAll("details").forEach(d => d.open = false);
			[...document.querySelectorAll("details ol.calls")].filter(e => e.getBoundingClientRect().height === 0).length`
		const overflow = `[...document.querySelectorAll(".scroll")].filter(e => getComputedStyle(e).overflowX !== "visible").length`
		err := chromedp.Run(ctx, emulation.SetEmulatedMedia().WithMedia("print"), chromedp.Evaluate(paper, &hidden), chromedp.Evaluate(overflow, &cut),
			emulation.SetEmulatedMedia().WithMedia(""))
		if err != nil {
			t.Fatal(err)
		}
		if hidden > 0 || cut > 0 {
			t.Errorf("%d waterfalls are folded away, and %d tables may be cut off", hidden, cut)
		}
	})
	t.Run("by keyboard", func(t *testing.T) {
		var focused string
		if err := chromedp.Run(ctx, chromedp.KeyEvent("\t"), chromedp.Evaluate(`document.activeElement.textContent`, &focused)); err != nil {
			t.Fatal(err)
		}
		if focused != "Skip to the verdict" {
			t.Errorf("the first stop of the tab key is %q", focused)
		}
		// From stop to stop to the first waterfall, which enter unfolds.
		const stop = `document.activeElement.tagName`
		for range 20 {
			if err := chromedp.Run(ctx, chromedp.KeyEvent("\t"), chromedp.Evaluate(stop, &focused)); err != nil {
				t.Fatal(err)
			}
			if focused == "SUMMARY" {
				break
			}
		}
		var open bool
		const first = `document.querySelector("details").open`
		if err := chromedp.Run(ctx, chromedp.KeyEvent("\r"), chromedp.Evaluate(first, &open)); err != nil {
			t.Fatal(err)
		}
		if focused != "SUMMARY" || !open {
			t.Errorf("tab ends at %s, and enter leaves the waterfall folded: %v", focused, !open)
		}
	})
	t.Run("to a screen reader", func(t *testing.T) { read(ctx, t) })
}

// read looks at the page as the browser tells it to a screen reader: all that is
// drawn, all tables and all that can be scrolled has a name, and the headings
// go down one level at a time.
func read(ctx context.Context, t *testing.T) {
	// Not by package accessibility, whose lists of words fall behind browsers.
	type valued struct {
		Value any `json:"value"`
	}
	var tree struct {
		Nodes []struct {
			Role       valued `json:"role"`
			Name       valued `json:"name"`
			Properties []struct {
				Name  string `json:"name"`
				Value valued `json:"value"`
			} `json:"properties"`
		} `json:"nodes"`
	}
	err := chromedp.Run(ctx, chromedp.ActionFunc(func(ctx context.Context) error {
		return cdp.Execute(ctx, "Accessibility.getFullAXTree", nil, &tree)
	}))
	if err != nil {
		t.Fatal(err)
	}
	named, level := map[string]int{}, 0.0
	for _, n := range tree.Nodes {
		role, _ := n.Role.Value.(string)
		name, _ := n.Name.Value.(string)
		switch role {
		case "image", "img", "table", "region", "main", "navigation":
			if name == "" && role != "main" {
				t.Errorf("a %s without a name", role)
			}
			named[role]++
		case "heading":
			for _, p := range n.Properties {
				if now, ok := p.Value.Value.(float64); ok && p.Name == "level" {
					if now > level+1 {
						t.Errorf("heading %q is of level %g after one of %g", name, now, level)
					}
					level = now
				}
			}
			named[role]++
		}
	}
	if named["image"]+named["img"] < 12 || named["table"] < 12 || named["main"] != 1 || named["navigation"] != 1 || named["heading"] < 10 {
		t.Errorf("it is told of too little: %v", named)
	}
}

// The page of a comparison fits its window, can be read in light and in dark,
// and names all to a screen reader; more columns than fit can be scrolled to.
func TestComparisonInABrowser(t *testing.T) {
	good := scored(95, 1)
	good.Failures = nil
	variants := []reports.Variant{{Label: "good", Runs: []*score.Snapshot{good}}}
	for i := range 12 {
		bad := scored(float64(90-7*i), 2)
		variants = append(variants, reports.Variant{Label: fmt.Sprint("variant with a name ", i), Runs: []*score.Snapshot{bad}})
	}
	path := filepath.Join(t.TempDir(), "compare.html")
	var b bytes.Buffer
	if err := reports.WriteMatrices(&b, "html", []reports.Matrix{reports.NewMatrix("outage", variants)}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx := browser(t)
	var wide, within bool
	const look = `document.documentElement.scrollWidth > window.innerWidth`
	const scroll = `(() => { const e = document.querySelector(".scroll"); return e.scrollWidth > e.clientWidth && e.tabIndex === 0; })()`
	if err := chromedp.Run(ctx, chromedp.Navigate("file://"+path), chromedp.Evaluate(look, &wide), chromedp.Evaluate(scroll, &within)); err != nil {
		t.Fatal(err)
	}
	if wide || !within {
		t.Errorf("the page is wider than its window: %v; its matrix can be scrolled by key: %v", wide, within)
	}
	for _, scheme := range []string{"light", "dark"} {
		var low []string
		err := chromedp.Run(ctx, emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}), chromedp.Evaluate(contrastScript, &low))
		if err != nil || len(low) > 0 {
			t.Errorf("%s: too little contrast: %q (%v)", scheme, low, err)
		}
	}
}

// contrastScript lists texts whose colour is too near to what is behind them.
const contrastScript = `(() => {
	const rgb = s => s.match(/[\d.]+/g).map(Number);
	const lum = c => { const f = v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; return .2126 * f(c[0]) + .7152 * f(c[1]) + .0722 * f(c[2]); };
	const behind = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
	const low = [];
	for (const e of document.querySelectorAll("p, li, td, th, dt, b, span, summary, h2, h3, h4, caption, svg text")) {
		if (!e.textContent.trim() || e.classList.contains("skip") || e.getBoundingClientRect().width === 0) continue;
		const s = getComputedStyle(e), a = lum(rgb(e.closest("svg") ? s.fill : s.color)), b = lum(behind(e.parentElement));
		const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
		if (ratio < 4.5) low.push(e.tagName + " " + e.className.toString() + " " + e.textContent.slice(0, 30) + " " + ratio.toFixed(2));
	}
	return [...new Set(low)];
})()`

func TestHTMLIsSmall(t *testing.T) {
	if n := len(write(t, "html", finished())); n > 1<<20 {
		t.Errorf("%s", fmt.Sprint("the page of one run is ", math.Round(float64(n)/1024), " KB"))
	}
}
