package tui

import (
	"testing"
	"time"
)

func TestFiguresForPeople(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{clock(0), "00:00"},
		{clock(83 * time.Second), "01:23"},
		{clock(-time.Second), "00:00"},
		{span(0), "–"},
		{span(60 * time.Microsecond), "60µs"},
		{span(1240 * time.Microsecond), "1.2ms"},
		{span(918 * time.Millisecond), "918ms"},
		{span(1420 * time.Millisecond), "1.42s"},
		{span(12340 * time.Millisecond), "12.3s"},
		{span(90 * time.Second), "01:30"},
		{seconds(0), "0s"},
		{short(90 * time.Second), "1m30s"},
		{short(2 * time.Minute), "2m"},
		{short(1500 * time.Millisecond), "1.5s"},
		{percent(1), "100%"},
		{percent(0.99999), "99.99%"}, // a loss is never rounded away
		{percent(0.9879), "98.7%"},
		{percentRound(0.004), "<1%"},
		{percentRound(0.999), "99%"},
		{percentRound(0.125), "13%"},
		{points(79.96), "79.9"},
		{dollars(0), "$0"},
		{dollars(0.00092), "0.092¢"},
		{dollars(0.42), "$0.42"},
		{dollars(1234.5), "$1234"},
		{count(999), "999"},
		{count(1234567), "1,234,567"},
	} {
		if tt.got != tt.want {
			t.Errorf("%q, want %q", tt.got, tt.want)
		}
	}
}
