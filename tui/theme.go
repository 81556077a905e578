package tui

import (
	"image/color"
	"strings"

	"charm.land/lipgloss/v2"
)

// ink is a named way to write a cell. Panels name inks; only this file knows
// colours.
type ink uint8

// The inks.
const (
	inkText ink = iota
	inkStrong
	inkDim
	inkTitle
	inkFocus // the frame and title of the focused panel
	inkFrame
	inkAccent
	inkKey
	inkPick // the chosen row of a list
	inkOK
	inkDegraded
	inkFailed
	inkHung
	inkCorrupt
	inkFault
	inkRecovery
	inkGood
	inkWarn
	inkBad
	inks
)

// shaded, added to an ink, lays the background of a fault window under it.
const shaded ink = 0x80

// theme is everything about looks: what each ink writes before a cell, and the
// glyphs of the terminal's character set. It is built once and never changes.
type theme struct {
	ascii  bool
	plain  bool // no escape sequences at all
	glyph  *glyphs
	before [inks]string // escape sequence of each ink
	under  [inks]string // the same above a shaded background
}

// The palette of Okabe and Ito, made to be told apart by colour-blind eyes
// (https://jfly.uni-koeln.de/color/), with darker forms for light backgrounds.
const (
	okabeGreen, okabeGreenDark           = "#009E73", "#00704F"
	okabeOrange, okabeOrangeDark         = "#E69F00", "#9A6700"
	okabeVermillion, okabeVermillionDark = "#E8622C", "#B34700"
	okabeSky, okabeBlue                  = "#56B4E9", "#0072B2"
	okabePurple, okabePurpleDark         = "#CC79A7", "#99467A"
	okabeYellow, okabeYellowDark         = "#F0E442", "#7D7200"
	greyOnDark, greyOnLight              = "#8A8A8A", "#6B6B6B"
	frameOnDark, frameOnLight            = "#4A4A4A", "#B8B8B8"
	shadeOnDark, shadeOnLight            = "#3A2416", "#F7E3D4"
)

// newTheme builds the looks that the options ask for.
func newTheme(o Options) *theme {
	th := &theme{ascii: o.ASCII, plain: o.NoColor, glyph: &unicodeGlyphs}
	if o.ASCII {
		th.glyph = &asciiGlyphs
	}
	if o.NoColor {
		return th
	}
	pick := lipgloss.LightDark(!o.Light)
	c := func(light, dark string) color.Color { return pick(lipgloss.Color(light), lipgloss.Color(dark)) }
	fg := func(light, dark string) lipgloss.Style { return lipgloss.NewStyle().Foreground(c(light, dark)) }
	styles := [inks]lipgloss.Style{
		inkText:     lipgloss.NewStyle(),
		inkStrong:   lipgloss.NewStyle().Bold(true),
		inkDim:      fg(greyOnLight, greyOnDark),
		inkTitle:    lipgloss.NewStyle().Bold(true),
		inkFocus:    fg(okabeBlue, okabeSky).Bold(true),
		inkFrame:    fg(frameOnLight, frameOnDark),
		inkAccent:   fg(okabeBlue, okabeSky),
		inkKey:      fg(okabeBlue, okabeSky).Bold(true),
		inkPick:     fg(okabeBlue, okabeSky).Bold(true),
		inkOK:       fg(okabeGreenDark, okabeGreen),
		inkDegraded: fg(okabeOrangeDark, okabeOrange),
		inkFailed:   fg(okabeVermillionDark, okabeVermillion).Bold(true),
		inkHung:     fg(okabeBlue, okabeSky).Bold(true),
		inkCorrupt:  fg(okabePurpleDark, okabePurple).Bold(true),
		inkFault:    fg(okabeVermillionDark, okabeVermillion),
		inkRecovery: fg(okabeYellowDark, okabeYellow),
		inkGood:     fg(okabeGreenDark, okabeGreen).Bold(true),
		inkWarn:     fg(okabeOrangeDark, okabeOrange).Bold(true),
		inkBad:      fg(okabeVermillionDark, okabeVermillion).Bold(true),
	}
	shade := c(shadeOnLight, shadeOnDark)
	for i, s := range styles {
		th.before[i] = opening(s)
		th.under[i] = opening(s.Background(shade))
	}
	return th
}

// opening is what a style writes before its text. Rendering once here and
// never again is what keeps the screen cheap.
func opening(s lipgloss.Style) string {
	before, _, _ := strings.Cut(s.Render("x"), "x")
	return before
}

// escape is the sequence that begins an ink.
func (th *theme) escape(in ink) string {
	if in&shaded != 0 {
		return th.under[in&^shaded]
	}
	return th.before[in]
}

// backed tells whether an ink shows even under a space.
func (th *theme) backed(in ink) bool { return in&shaded != 0 && !th.plain }
