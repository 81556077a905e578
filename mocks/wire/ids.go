package wire

import (
	"hash/fnv"
	"strings"
)

// Alphabets of identifiers.
const (
	hex32  = hexDigits
	base58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
	base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// spell returns prefix and n letters of an alphabet that follow from bits. The
// step is splitmix64, so that near bits give identifiers that look unrelated.
func spell(prefix string, bits uint64, alphabet string, n int) string {
	b := make([]byte, 0, 48)
	b = append(b, prefix...)
	var word uint64
	for i := range n {
		if i%8 == 0 {
			bits += 0x9e3779b97f4a7c15
			word = bits
			word = (word ^ word>>30) * 0xbf58476d1ce4e5b9
			word = (word ^ word>>27) * 0x94d049bb133111eb
			word ^= word >> 31
		}
		b = append(b, alphabet[word%uint64(len(alphabet))])
		word /= uint64(len(alphabet))
	}
	return string(b)
}

// answerBits gives the bits of an answer id where the caller named none: the
// same request gives the same id.
func answerBits(req *Request) uint64 {
	h := fnv.New64a()
	h.Write([]byte(req.Model))
	h.Write([]byte{0})
	h.Write([]byte(req.LastUser()))
	return h.Sum64()
}

// redactKey shows as much of a key as OpenAI does in its errors
// (sk-PMafP****E873), and less of a short one.
func redactKey(key string) string {
	head, tail := min(8, len(key)/3), min(4, len(key)/4)
	return strings.ToValidUTF8(key[:head]+"****"+key[len(key)-tail:], "")
}

// bearer returns the key of an Authorization header, and whether there is one.
func bearer(header string) (string, bool) {
	const scheme = "bearer "
	if len(header) <= len(scheme) || !strings.EqualFold(header[:len(scheme)], scheme) {
		return "", false
	}
	return strings.TrimSpace(header[len(scheme):]), true
}

// uuid is a UUID of version 4 that follows from bits.
func uuid(bits uint64) string {
	const variants = "89ab"
	s := []byte(spell("", bits, hex32, 32))
	s[12], s[16] = '4', variants[bits%4]
	return string(s[:8]) + "-" + string(s[8:12]) + "-" + string(s[12:16]) + "-" + string(s[16:20]) + "-" + string(s[20:])
}
