package router

import (
	"math"
	"testing"
)

// One question in other manners is the same; one about something else is not,
// however near its words are.
func TestLikeness(t *testing.T) {
	const threshold = 0.9
	const long = "When customers abroad order several heavy items together during winter holidays, which warehouse ships first, who checks customs papers, how long does delivery usually take, and what happens to parcels paid "
	for _, tt := range []struct {
		a, b string
		same bool
	}{
		{"What is your refund policy?", "Hello, could you please tell me: what is your refund policy", true},
		{"What is your refund policy?", "WHAT’S YOUR REFUND POLICY", false}, // knows no contractions
		{"When do you open on Sunday?", "when do you open on sunday, please", true},
		{"When do you open on Sunday?", "When do you open on Saturday?", false},
		{"When do you open?", "Where do you open?", false},
		{"How do I cancel my order?", "How can I cancel my order?", true},
		{"Can I cancel my order?", "Can I not cancel my order?", false},
		{"Can I pay with a card?", "Can I pay without a card?", false},
		{"Does Anna pay Bert?", "Does Bert pay Anna?", false},
		{"Is order 1234 on its way?", "Is order 1235 on its way?", false},
		{"Explain plan B2 to me", "Explain plan B3 to me", false},
		{"Answer in 30 words. [[bo:faq-1f-q1]]", "Answer in 30 words. [[bo:faq-1f-q2]]", false},
		// Long enough that one word weighs less than the threshold leaves.
		{long + "by invoice 7?", long + "by invoice 8?", false},
		{long + "by invoice 7?", "please, " + long + "by invoice 7", true},
		{long + "with fees?", long + "without fees?", false},
		{"How do I enable backups?", "How do I disable backups?", false},
		{"flights from Rome to Oslo", "flights to Rome from Oslo", false},
		{"Wie lange habt ihr offen?", "wie lange habt ihr offen", true},
	} {
		a, b := likenessOf(tt.a), likenessOf(tt.b)
		if got := a.to(b); (got >= threshold) != tt.same || math.Abs(got-b.to(a)) > 1e-12 {
			t.Errorf("%q and %q: %.3f (and back %.3f), same %v", tt.a, tt.b, got, b.to(a), tt.same)
		}
		if got := a.to(a); math.Abs(got-1) > 1e-12 {
			t.Errorf("%q is like itself by %v", tt.a, got)
		}
	}
	for _, nothing := range []string{"", "  ?!", "please, could you"} {
		if likenessOf(nothing) != nil {
			t.Errorf("%q has something to compare", nothing)
		}
	}
}

// What is remembered is bounded, the newest stay, and no group sees another's.
func TestSemanticIsBounded(t *testing.T) {
	v := newSemantic(0.9)
	word := func(i int) *likeness {
		return likenessOf("what of town" + string(rune('a'+i%26)) + string(rune('a'+i/26)))
	}
	key := func(i int) digest { return digest{2, byte(i), byte(i >> 8)} }
	const last = 2*mostAlike - 1
	for i := range last + 1 {
		if k, by := v.claim(digest{1}, word(i), key(i), true); k != key(i) || by != 0 {
			t.Fatalf("question %d is taken for %v, by %v", i, k, by)
		}
	}
	if g, _ := v.by.Get(digest{1}); len(g.list) != mostAlike {
		t.Errorf("%d are compared", len(g.list))
	}
	if k, by := v.claim(digest{1}, word(last), digest{9}, false); by < 0.99 || k != key(last) {
		t.Errorf("the newest is found as %v, by %v", k, by)
	}
	for range 2 { // the second would find what the first had added
		if _, by := v.claim(digest{1}, word(0), digest{9}, false); by != 0 {
			t.Error("the oldest is still known")
		}
	}
	if _, by := v.claim(digest{3}, word(last), digest{9}, true); by != 0 {
		t.Error("another group's question was found")
	}
	for i := range 2 * mostLikened {
		v.claim(digest{4, byte(i), byte(i >> 8)}, word(0), digest{}, true)
	}
	if v.by.Len() != mostLikened {
		t.Errorf("%d groups are kept", v.by.Len())
	}
}
