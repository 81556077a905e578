package journal

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"
)

// line is a JSON object in the making. A name comes with its comma and colon,
// so that a field is one append of a constant and one of its value. Values look
// as encoding/json writes them. After an error the rest of a line is of no use.
type line struct {
	buf []byte
	err error
}

func (l *line) int(name string, v int64) {
	l.buf = strconv.AppendInt(append(l.buf, name...), v, 10)
}

func (l *line) optInt(name string, v int64) {
	if v != 0 {
		l.int(name, v)
	}
}

func (l *line) uint(name string, v uint64) {
	l.buf = strconv.AppendUint(append(l.buf, name...), v, 10)
}

func (l *line) bool(name string, v bool) {
	l.buf = strconv.AppendBool(append(l.buf, name...), v)
}

func (l *line) optBool(name string, v bool) {
	if v {
		l.bool(name, v)
	}
}

// float writes as ECMAScript does, which is what encoding/json follows: an
// exponent only for the very small and the very large, and no zero before a
// one-digit exponent.
func (l *line) float(name string, v float64) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		l.err = fmt.Errorf("%s is %v, which JSON cannot hold", name[2:len(name)-2], v)
		return
	}
	format := byte('f')
	if abs := math.Abs(v); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	l.buf = strconv.AppendFloat(append(l.buf, name...), v, format, -1, 64)
	if n := len(l.buf); format == 'e' && l.buf[n-4] == 'e' && l.buf[n-3] == '-' && l.buf[n-2] == '0' {
		l.buf[n-2] = l.buf[n-1]
		l.buf = l.buf[:n-1]
	}
}

func (l *line) str(name, v string) {
	l.buf = append(l.buf, name...)
	l.quote(v)
}

func (l *line) optStr(name, v string) {
	if v != "" {
		l.str(name, v)
	}
}

func (l *line) optStrs(name string, vs []string) {
	if len(vs) == 0 {
		return
	}
	l.buf = append(l.buf, name...)
	for i, v := range vs {
		if i == 0 {
			l.buf = append(l.buf, '[')
		} else {
			l.buf = append(l.buf, ',')
		}
		l.quote(v)
	}
	l.buf = append(l.buf, ']')
}

// quote writes a string. What needs more than a backslash, which is rare, is
// left to encoding/json.
func (l *line) quote(v string) {
	start := len(l.buf)
	l.buf = append(l.buf, '"')
	from := 0
	for i := range len(v) {
		switch c := v[i]; {
		case c < ' ' || c == '<' || c == '>' || c == '&' || c >= utf8.RuneSelf:
			quoted, err := json.Marshal(v)
			if err != nil {
				l.err = err
			}
			l.buf = append(l.buf[:start], quoted...)
			return
		case c == '"' || c == '\\':
			l.buf = append(l.buf, v[from:i]...)
			l.buf = append(l.buf, '\\')
			from = i
		}
	}
	l.buf = append(l.buf, v[from:]...)
	l.buf = append(l.buf, '"')
}
