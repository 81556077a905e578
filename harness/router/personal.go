package router

import (
	"cmp"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"brownout/plan"
)

// finder finds personal data in texts. It is made once and used by all
// requests at once.
//
// It goes by form and, where there is one, by check digit: what it finds is
// very likely what it is taken for, and what is written in words it does not
// find. It is a net and no proof.
type finder struct{ kinds []personalKind }

// personalKind is one kind of personal data.
type personalKind struct {
	label string         // what its placeholders are called
	match *regexp.Regexp // what looks like it
	// accept tells how many bytes of a match, from its beginning, are it; 0:
	// none. Nil: all of them.
	accept func(match string) int
	near   *sign                         // what stands in it or beside it; nil: it is looked for everywhere
	fits   func(before, after rune) bool // whether it can stand there; nil: standsAlone
}

// sign is what is looked for before anything else, because most texts have
// nothing of it and the others little: so a search costs nearly nothing. Bytes
// before, between and behind its marks are as far as what it is a sign of may
// reach.
type sign struct {
	marks                   string
	before, between, behind int
}

func anAt() *sign    { return &sign{"@", 64, 0, 255} }
func numbers() *sign { return &sign{"0123456789", 8, 12, 8} }
func colons() *sign  { return &sign{":", 5, 5, 16} }

// around lists the stretches of a text around the marks.
func (g *sign) around(text string) (all []piece) {
	for i := 0; i < len(text); {
		n := strings.IndexAny(text[i:], g.marks)
		if n < 0 {
			break
		}
		i += n
		p := piece{from: max(0, i-g.before), to: min(len(text), i+1+g.behind)}
		if k := len(all) - 1; k >= 0 && (p.from <= all[k].to || i-all[k].to+g.behind <= g.between) {
			all[k].to = p.to
		} else {
			all = append(all, p)
		}
		i++
	}
	return all
}

// newFinder is a finder of the kinds that the settings name; none: all.
func newFinder(set plan.Redaction, patterns []*regexp.Regexp) *finder {
	f := &finder{}
	for _, p := range patterns {
		f.kinds = append(f.kinds, personalKind{label: "PRIVATE", match: p, fits: anywhere})
	}
	table := personalKinds()
	for _, name := range plan.PersonalKinds {
		if len(set.Kinds) == 0 || slices.Contains(set.Kinds, name) {
			f.kinds = append(f.kinds, table[name]...)
		}
	}
	if len(set.Names) > 0 {
		f.kinds = append(f.kinds, namedPeople(set.Names))
	}
	return f
}

// personalKinds is the one table of kinds, by the words of plan.PersonalKinds.
func personalKinds() map[string][]personalKind {
	return map[string][]personalKind{
		plan.PersonalEmail: {{
			label: "EMAIL", near: anAt(), fits: anywhere,
			match: regexp.MustCompile(`[\pL\pN_][\pL\pN._%+'-]*@(?:[\pL\pN](?:[\pL\pN-]*[\pL\pN])?\.)+\pL{2,}`),
		}},
		plan.PersonalIBAN: {{
			label: "IBAN", near: numbers(), accept: iban,
			match: regexp.MustCompile(`[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}`),
		}},
		plan.PersonalCard: {{
			label: "CARD", near: numbers(), accept: card,
			match: regexp.MustCompile(`[2-6](?:[ -]?\d){12,18}`),
		}},
		plan.PersonalNationalID: nationalIDs(),
		plan.PersonalIP: {
			{
				label: "IP", near: numbers(), accept: address, fits: noDot,
				match: regexp.MustCompile(`\d{1,3}(?:\.\d{1,3})+`), // 1.2.3.4.5 is none
			},
			{
				label: "IP", near: colons(), accept: address, fits: noColons,
				match: regexp.MustCompile(`(?:[0-9A-Fa-f]{0,4}:){3,7}(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4})`),
			},
		},
		plan.PersonalPhone: {
			// With the country's code (ITU-T E.164: up to 15 digits).
			{
				label: "PHONE", near: numbers(), accept: digitsBetween(8, 15), fits: noDashes,
				match: regexp.MustCompile(`(?:\+|\b00)[1-9]\d{0,2}(?:[ ./-]?\(?\d{1,5}\)?){2,6}`),
			},
			// As North Americans write it.
			{
				label: "PHONE", near: numbers(), fits: noDashes,
				match: regexp.MustCompile(`(?:1[ .-])?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[ .-])[2-9]\d{2}[ .-]\d{4}`),
			},
			// With the 0 that most others write before a place.
			{
				label: "PHONE", near: numbers(), accept: digitsBetween(9, 12), fits: noDashes,
				match: regexp.MustCompile(`\(?0[1-9]\d{1,4}\)?[ /-]{1,3}\d{3,8}(?:[ -]\d{2,5}){0,3}`),
			},
		},
	}
}

// namedPeople finds names that are listed, in any case.
func namedPeople(names []string) personalKind {
	names = slices.Clone(names)
	slices.SortFunc(names, func(a, b string) int { return cmp.Compare(len(b), len(a)) }) // the longest that fits
	var alternatives []string
	for _, n := range names {
		var words []string
		for _, w := range strings.Fields(n) {
			words = append(words, regexp.QuoteMeta(w))
		}
		if len(words) > 0 {
			alternatives = append(alternatives, strings.Join(words, `\s+`))
		}
	}
	return personalKind{label: "NAME", match: regexp.MustCompile(`(?i)(?:` + strings.Join(alternatives, "|") + `)`)}
}

// piece is a stretch of a text that is personal.
type piece struct {
	from, to int
	label    string
}

// in lists what of a text is personal, from its beginning to its end. Pieces
// that overlap are one, of the kind that is asked for first.
func (f *finder) in(text string) []piece {
	var all []piece
	seen := map[sign][]piece{}
	for i := range f.kinds {
		k := &f.kinds[i]
		if k.near == nil {
			all = k.in(text, piece{to: len(text)}, all)
			continue
		}
		stretches, looked := seen[*k.near]
		if !looked {
			stretches = k.near.around(text)
			seen[*k.near] = stretches
		}
		for _, p := range stretches {
			all = k.in(text, p, all)
		}
	}
	if len(all) < 2 {
		return all
	}
	slices.SortStableFunc(all, func(a, b piece) int { return cmp.Compare(a.from, b.from) })
	out := all[:1]
	for _, p := range all[1:] {
		last := &out[len(out)-1]
		if p.from >= last.to {
			out = append(out, p)
			continue
		}
		if f.rank(p.label) < f.rank(last.label) {
			last.label = p.label
		}
		last.to = max(last.to, p.to)
	}
	return out
}

func (f *finder) rank(label string) int {
	return slices.IndexFunc(f.kinds, func(k personalKind) bool { return k.label == label })
}

// in adds the pieces of the kind in a stretch of a text.
func (k *personalKind) in(text string, within piece, all []piece) []piece {
	for at := within.from; at < within.to; {
		m := k.match.FindStringIndex(text[at:within.to])
		if m == nil {
			break
		}
		from, to := at+m[0], at+m[1]
		if k.accept != nil {
			to = from + k.accept(text[from:to])
		}
		if to > from && k.stands(text, from, to) {
			all = append(all, piece{from, to, k.label})
			at = to
			continue
		}
		at = behindRun(text, from)
	}
	return all
}

// behindRun is where a search goes on behind what begins at from and was not
// accepted: nothing begins within a run of letters and digits.
func behindRun(text string, from int) int {
	for i, r := range text[from:] {
		if i > 0 && !inWord(r) {
			return from + i
		}
	}
	return len(text)
}

// stands tells whether a piece stands by itself.
func (k *personalKind) stands(text string, from, to int) bool {
	before, n := utf8.DecodeLastRuneInString(text[:from])
	if n == 0 {
		before = ' '
	}
	after, n := utf8.DecodeRuneInString(text[to:])
	if n == 0 {
		after = ' '
	}
	if k.fits != nil {
		return k.fits(before, after)
	}
	return standsAlone(before, after)
}

func standsAlone(before, after rune) bool { return !inWord(before) && !inWord(after) }

// inWord tells whether a character may stand within a word.
func inWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

func anywhere(rune, rune) bool { return true }

func noDot(before, after rune) bool { return standsAlone(before, after) && before != '.' }

func noColons(before, after rune) bool {
	return standsAlone(before, after) && before != ':' && after != ':'
}

// noDashes keeps parts of longer names, such as ids, from being taken for
// numbers of their own.
func noDashes(before, after rune) bool {
	return standsAlone(before, after) && before != '-' && after != '-'
}

// address accepts what is an IP address of somebody.
func address(match string) int {
	a, err := netip.ParseAddr(match)
	if err != nil || a.IsUnspecified() || a.IsLoopback() {
		return 0
	}
	return len(match)
}

// digitsBetween accepts what has so many digits.
func digitsBetween(least, most int) func(string) int {
	return func(match string) int {
		match = strings.TrimRight(match, " ./-(")
		if n := len(onlyDigits(match)); n < least || n > most {
			return 0
		}
		return len(match)
	}
}

// onlyDigits are the digits of a text.
func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return r
		}
		return -1
	}, s)
}
