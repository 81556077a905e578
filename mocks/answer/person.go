package answer

import (
	"fmt"
	"strconv"
	"strings"

	"brownout/chance"
)

// Person is who a prompt of an ID speaks of: the same for the same ID, and
// nobody. Mail goes to the domains that RFC 2606 keeps for examples, the
// telephone rings at one of the numbers 555-0100 to 555-0199 that are kept for
// fiction, and the account's number has right check digits but a bank code,
// 00000000, that no bank has.
type Person struct {
	Email, Phone, IBAN string
}

// PersonOf makes up the person of an ID.
func PersonOf(id string) Person {
	draw := func(what string) chance.Key { return chance.Key{Marker: id, Purpose: "person " + what} }
	name := func(what string) string { return word(draw(what).IntN(vocabularySize)) }
	domain := [...]string{"com", "net", "org"}[draw("domain").IntN(3)]
	account := fmt.Sprintf("%018d", draw("account").IntN(1e10))
	return Person{
		Email: name("given") + "." + name("family") + "." + strconv.FormatUint(draw("letters").Bits()>>44, 36) + "@example." + domain,
		Phone: fmt.Sprintf("+1 %03d-555-01%02d", 201+draw("area").IntN(780), draw("phone").IntN(100)),
		IBAN:  "DE" + checkDigits("DE", account) + account,
	}
}

// Values are what must not be shown of a person.
func (p Person) Values() [3]string { return [...]string{p.Email, p.Phone, p.IBAN} }

// checkDigits are those of an IBAN of a country and an account whose number
// has digits only (ISO 13616: 98 less the rest of what is read as a number, the
// country and two noughts at its end, by 97).
func checkDigits(country, account string) string {
	rest := 0
	for _, c := range []byte(account + country + "00") {
		if c >= 'A' {
			rest = (rest*100 + int(c-'A') + 10) % 97
		} else {
			rest = (rest*10 + int(c-'0')) % 97
		}
	}
	return fmt.Sprintf("%02d", 98-rest)
}

// What asks for an answer that begins with whom it is to, around the name.
const (
	addressOpen  = "Write to "
	addressClose = ", and say so first."
	// maxAddress bounds the name, in bytes.
	maxAddress = 128
)

// Address is the sentence of a prompt that asks for an answer which names whom
// it is to.
func Address(whom string) string { return addressOpen + whom + addressClose }

// FindAddress returns whom the last such sentence in a prompt names, whatever
// stands there by then.
func FindAddress(prompt string) (whom string, ok bool) {
	end := strings.LastIndex(prompt, addressClose)
	if end < 0 {
		return "", false
	}
	start := strings.LastIndex(prompt[:end], addressOpen)
	if start < 0 {
		return "", false
	}
	whom = prompt[start+len(addressOpen) : end]
	return whom, whom != "" && len(whom) <= maxAddress
}
