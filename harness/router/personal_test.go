package router

import (
	"slices"
	"strings"
	"testing"

	"brownout/plan"
)

// found lists what a finder finds, as "LABEL value".
func found(f *finder, text string) (list []string) {
	for _, p := range f.in(text) {
		list = append(list, p.label+" "+text[p.from:p.to])
	}
	return list
}

func TestPersonalDataIsFound(t *testing.T) {
	f := newFinder(plan.Redaction{Names: []string{"Mira Solberg", "Mira", "Øyvind"}}, nil)
	for _, tt := range []struct {
		text string
		want []string
	}{
		{"write to mira.solberg+x@mail.example.co.uk.", []string{"EMAIL mira.solberg+x@mail.example.co.uk"}},
		{"<a@b.example>, 'jürgen@müller.example';", []string{"EMAIL a@b.example", "EMAIL jürgen@müller.example"}},
		{"no@address, @handle, a@b", nil},

		{"IBAN DE89370400440532013000.", []string{"IBAN DE89370400440532013000"}},
		{"DE89 3704 0044 0532 0130 00 AND GB82 WEST 1234 5698 7654 32", []string{"IBAN DE89 3704 0044 0532 0130 00", "IBAN GB82 WEST 1234 5698 7654 32"}},
		{"NO9386011117947", []string{"IBAN NO9386011117947"}},
		{"DE88370400440532013000 and XX89370400440532013000", nil},

		{"card 4111 1111 1111 1111, 12 pieces", []string{"CARD 4111 1111 1111 1111"}},
		{"4111-1111-1111-1111 1234", []string{"CARD 4111-1111-1111-1111"}},
		{"3782 822463 10005 and 4222222222222", []string{"CARD 3782 822463 10005", "CARD 4222222222222"}},
		{"12 5555555555554444", []string{"CARD 5555555555554444"}},
		{"order 4111111111111112 x4111111111111111 41111111111111111111111", nil},

		{"Steuer-ID 86 095 742 719, 86095742719", []string{"ID 86 095 742 719", "ID 86095742719"}},
		{"NIR 2 55 08 14 168 025 38, 255081416802538, 1 84 12 2A 330 048 18", []string{"ID 2 55 08 14 168 025 38", "ID 255081416802538", "ID 1 84 12 2A 330 048 18"}},
		{"DNI 12345678Z, 12345678-Z, NIE X1234567L, not 12345678A", []string{"ID 12345678Z", "ID 12345678-Z", "ID X1234567L"}},
		{"RSSMRA85T10A562S but not RSSMRA85T10A562T", []string{"ID RSSMRA85T10A562S"}},
		{"PESEL 44051401359 not 44051401358", []string{"ID 44051401359"}},
		{"811218-9876 and 19811218-9876, not 811218-9875", []string{"ID 811218-9876", "ID 19811218-9876"}},
		{"NHS 943 476 5919", []string{"ID 943 476 5919"}},
		{"CPF 529.982.247-25, 111.111.111-11, 529.982.247-24", []string{"ID 529.982.247-25"}},
		{"Aadhaar 2341 2341 2346, not 2341 2341 2345", []string{"ID 2341 2341 2346"}},
		{"11010519491231002X not 110105194912310020", []string{"ID 11010519491231002X"}},
		{"SSN 219-09-9999, 000-12-3456, 900-12-3456", []string{"ID 219-09-9999"}},

		{"from 192.0.2.17:8080 and 2001:db8::1f", []string{"IP 192.0.2.17", "IP 2001:db8::1f"}},
		{"at 10:30:45, 127.0.0.1, ::1, 1.2.3.4.5, 999.1.1.1, std::vector", nil},

		{"call +49 (30) 1234567 or 0049 30 1234567", []string{"PHONE +49 (30) 1234567", "PHONE 0049 30 1234567"}},
		{"(202) 555-0147, 202-555-0147, 1 202.555.0147, +12025550147", []string{"PHONE (202) 555-0147", "PHONE 202-555-0147", "PHONE 1 202.555.0147", "PHONE +12025550147"}},
		{"030 1234567; (0171) 234 56 78; 0171/2345678", []string{"PHONE 030 1234567", "PHONE (0171) 234 56 78", "PHONE 0171/2345678"}},
		{"2026-11-25, 01.02.2024, 12 345 678, 3.14159, +5 %, 2+2", nil},

		{"MIRA  solberg's and Mira, not Miranda; øyvind", []string{"NAME MIRA  solberg", "NAME Mira", "NAME øyvind"}},

		// What carries a request's identity is nobody's.
		{"Answer in 40 words. [[bo:chat-4821-0]] [[bo:long-0123-45678901]] [bo:faq-0171-q2345678] 7f3c1a2e-0171-4234-8123-456789012345", nil},
		{"about above account after", nil},
	} {
		if got := found(f, tt.text); !slices.Equal(got, tt.want) {
			t.Errorf("%s\n got %q\nwant %q", tt.text, got, tt.want)
		}
	}
}

// Kinds that are not named are not looked for; own patterns come first, and
// what overlaps is hidden as one.
func TestPersonalKindsAreChosen(t *testing.T) {
	text := "customer-123456@shop.example, 192.0.2.17"
	f := newFinder(plan.Redaction{Kinds: []string{plan.PersonalEmail}}, nil)
	if got := found(f, text); !slices.Equal(got, []string{"EMAIL customer-123456@shop.example"}) {
		t.Errorf("%q", got)
	}
	var c checker
	f = newFinder(plan.Redaction{}, c.patterns("redaction.patterns", []string{`\bcustomer-\d{6}\b`}, ""))
	if got := found(f, text); !slices.Equal(got, []string{"PRIVATE customer-123456@shop.example", "IP 192.0.2.17"}) {
		t.Errorf("%q", got)
	}
}

func BenchmarkFinder(b *testing.B) {
	f := newFinder(plan.Redaction{}, nil)
	plain := strings.Repeat("about above account after again almost ", 12)
	for name, text := range map[string]string{
		"plain":    plain,
		"personal": plain + "write to mira@example.org or +1 202-555-0147, IBAN DE89 3704 0044 0532 0130 00",
		"numbers":  strings.Repeat("12 345 6789 2026-11-25 ", 20),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				f.in(text)
			}
		})
	}
}
