package load

import (
	"strings"

	"brownout/chance"
)

// vocabulary is what prompts are made of: plain words without a digit, so that
// no filler is taken for the asked length, and without a name.
var vocabulary = strings.Fields(`
	about above account after again almost along answer around before better
	between brief carry change clear close common compare complete consider
	context current customer daily detail describe different direct during
	early enough example explain family feature figure final follow forward
	general given group handle history however include instead invoice
	language larger later letter likely little matter meeting message method
	middle moment monthly morning number office often order other outline
	paper people perhaps picture place plain point policy possible present
	problem process product project public purpose question quick reason
	recent record reply report request result return review sample second
	section service several simple single small special standard state
	subject summary system table their there thing together topic travel
	under until useful usual value version weekly whether which while without
	worker write yearly`)

// sentence is the length of a filler sentence, in words.
const sentence = 12

// promptText is the text of a request: filler up to the given number of words
// in all, and what is asked, with the mark that says whose answer it is. Which
// filler it is follows from the key.
func promptText(key chance.Key, words int, ask string) string {
	var b strings.Builder
	for i := range words - len(strings.Fields(ask)) {
		key.Attempt = i
		w := vocabulary[key.IntN(len(vocabulary))]
		if i%sentence == 0 {
			if i > 0 {
				b.WriteString(". ")
			}
			b.WriteString(strings.ToUpper(w[:1]) + w[1:])
			continue
		}
		b.WriteString(" " + w)
	}
	if b.Len() > 0 {
		b.WriteString(". ")
	}
	b.WriteString(ask)
	return b.String()
}

// wordings are the ways in which people put one and the same question. The
// first is as it stands.
var wordings = []struct{ before, after string }{
	{},
	{"Hello, could you please tell me: ", ""},
	{"", " Thank you!"},
	{"Hi! I would like to know this. ", " Thanks"},
	{"Please... ", ""},
	{"Dear you, ", " please, exactly that."},
	{"Hey, just tell me this: ", ""},
	{"Actually, ", " Really."},
}

// worded is a text in one of them.
func worded(which int, text string) string {
	w := wordings[which%len(wordings)]
	return w.before + text + w.after
}
