package router

import (
	"regexp"
	"strings"
)

// ibanLengths are the lengths of IBANs by country. Source: SWIFT's IBAN
// registry, release 99 (2024), after ISO 13616.
const ibanLengths = "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 " +
	"ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 " +
	"LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 " +
	"SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 "

// iban accepts an IBAN by its country's length and its check digits (ISO 7064,
// MOD 97-10).
func iban(match string) int {
	i := strings.Index(ibanLengths, match[:2])
	if i < 0 {
		return 0
	}
	long := int(ibanLengths[i+2]-'0')*10 + int(ibanLengths[i+3]-'0')
	plain := make([]byte, 0, long)
	n := 0
	for n < len(match) && len(plain) < long {
		if match[n] != ' ' {
			plain = append(plain, match[n])
		}
		n++
	}
	if len(plain) < long || mod97(string(plain[4:])+string(plain[:4])) != 1 {
		return 0
	}
	return n
}

// mod97 is a number modulo 97, of which letters are two digits: A is 10.
func mod97(s string) (rest int) {
	for i := range len(s) {
		if c := s[i]; c >= 'A' {
			rest = (rest*100 + int(c-'A') + 10) % 97
		} else {
			rest = (rest*10 + int(c-'0')) % 97
		}
	}
	return rest
}

// card accepts the longest number of a payment card that ends with a group of
// its digits, by its check digit (ISO/IEC 7812, Luhn).
func card(match string) int {
	for n := len(match); n >= 13; n-- {
		if n < len(match) && match[n-1] != ' ' && match[n-1] != '-' && match[n] != ' ' && match[n] != '-' {
			continue // within a group
		}
		number := onlyDigits(match[:n])
		if match[n-1] >= '0' && issued(number) && luhn(number) {
			return n
		}
	}
	return 0
}

// issued tells whether cards have numbers so long that begin so: 13 digits old
// ones of Visa, 14 of Diners Club, 15 of American Express, the others from 16
// on.
func issued(number string) bool {
	switch len(number) {
	case 13:
		return number[0] == '4'
	case 14, 15:
		return number[0] == '3'
	}
	return len(number) >= 16 && len(number) <= 19
}

// luhn tells whether the last digit of a number is right.
func luhn(number string) bool {
	sum := 0
	for i := range len(number) {
		d := int(number[len(number)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// nationalIDs are the numbers that states give people, of those countries
// whose numbers have check digits or a form of their own.
func nationalIDs() []personalKind {
	var all []personalKind
	add := func(pattern string, right func(plain string) bool) {
		all = append(all, personalKind{
			label: "ID", near: numbers(), fits: noDashes, match: regexp.MustCompile(pattern),
			accept: func(match string) int {
				if !right(strings.NewReplacer(" ", "", "-", "", ".", "", "+", "").Replace(match)) {
					return 0
				}
				return len(match)
			},
		})
	}
	add(`[1-9]\d(?: ?\d{3}){3}\b`, steuerID)                                                                        // Germany
	add(`[12] ?\d{2} ?(?:0[1-9]|1[0-2]|[2-9]\d) ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}\b`, nir)                      // France
	add(`(?:\d{8}|[XYZ]-?\d{7})-?[A-HJ-NP-TV-Z]\b`, dni)                                                            // Spain
	add(`[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]\b`, codiceFiscale)                                           // Italy
	add(`\d{11}\b`, pesel)                                                                                          // Poland
	add(`(?:\d{2})?\d{6}[-+]\d{4}\b`, func(p string) bool { return monthDay(p[len(p)-8:]) && luhn(p[len(p)-10:]) }) // Sweden
	add(`\d{3} \d{3} \d{4}\b`, nhs)                                                                                 // United Kingdom
	add(`\d{3}\.\d{3}\.\d{3}-\d{2}\b`, cpf)                                                                         // Brazil
	add(`[2-9]\d{3} \d{4} \d{4}\b`, verhoeff)                                                                       // India
	add(`[1-9]\d{5}(?:19|20)\d{9}[\dX]\b`, residentID)                                                              // China
	add(`\d{3}-\d{2}-\d{4}\b`, ssn)                                                                                 // United States
	return all
}

// sumOf is the sum of digits times weights.
func sumOf(number string, weights ...int) (sum int) {
	for i, w := range weights {
		sum += int(number[i]-'0') * w
	}
	return sum
}

// monthDay tells whether a number begins with a month and a day.
func monthDay(s string) bool {
	month, day := sumOf(s, 10, 1), sumOf(s[2:], 10, 1)
	return month >= 1 && month <= 12 && day >= 1 && day <= 31
}

// steuerID: ISO 7064 MOD 11,10, and of the first ten digits one comes twice or
// three times, the others at most once. Source: Bundeszentralamt für Steuern.
func steuerID(p string) bool {
	var times [10]int
	product := 10
	for i := range 10 {
		d := int(p[i] - '0')
		times[d]++
		if d = (d + product) % 10; d == 0 {
			d = 10
		}
		product = d * 2 % 11
	}
	again := 0
	for _, n := range times {
		if n > 3 {
			return false
		}
		if n > 1 {
			again++
		}
	}
	return again == 1 && (11-product)%10 == int(p[10]-'0')
}

// nir: what is missing to a multiple of 97; Corsica's letters stand for 19 and
// 18. Source: Insee.
func nir(p string) bool {
	number := strings.NewReplacer("2A", "19", "2B", "18").Replace(p[:13])
	return len(number) == 13 && (mod97(number)+mod97(p[13:]))%97 == 0
}

// dni: the letter by the number modulo 23; of foreigners X, Y and Z are 0, 1
// and 2. Source: Ministerio del Interior.
func dni(p string) bool {
	if p[0] >= 'X' {
		p = string(p[0]-'X'+'0') + p[1:]
	}
	n := 0
	for i := range 8 {
		n = (n*10 + int(p[i]-'0')) % 23
	}
	return p[8] == "TRWAGMYFPDXBNJZSQVHLCKE"[n]
}

// codiceFiscale: the last letter by the sum of values, those in odd places
// mixed up. Source: D.M. 23 dicembre 1976.
func codiceFiscale(p string) bool {
	odd := [...]int{1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23}
	sum := 0
	for i := range 15 {
		v := int(p[i] - '0')
		if p[i] >= 'A' {
			v = int(p[i] - 'A')
		}
		if i%2 == 0 {
			v = odd[v]
		}
		sum += v
	}
	return int(p[15]-'A') == sum%26
}

// pesel: weights, and the month with the century in its tens. Source: Ministry
// of Digital Affairs.
func pesel(p string) bool {
	month, day := sumOf(p[2:], 10, 1)%20, sumOf(p[4:], 10, 1)
	return month >= 1 && month <= 12 && day >= 1 && day <= 31 &&
		sumOf(p, 1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)%10 == 0
}

// nhs: weights modulo 11. Source: NHS data dictionary.
func nhs(p string) bool {
	check := 11 - sumOf(p, 10, 9, 8, 7, 6, 5, 4, 3, 2)%11
	return check%11 == int(p[9]-'0') && check != 10
}

// cpf: two check digits modulo 11, and not one digit only. Source: Receita
// Federal.
func cpf(p string) bool {
	digit := func(sum int) int { return sum * 10 % 11 % 10 }
	return strings.Trim(p, p[:1]) != "" &&
		digit(sumOf(p, 10, 9, 8, 7, 6, 5, 4, 3, 2)) == int(p[9]-'0') &&
		digit(sumOf(p, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2)) == int(p[10]-'0')
}

// verhoeff: Aadhaar's check digit, by the dihedral group of order ten.
func verhoeff(p string) bool {
	times := func(a, b int) int {
		switch {
		case a < 5 && b < 5:
			return (a + b) % 5
		case a < 5:
			return 5 + (a+b-5)%5
		case b < 5:
			return 5 + (a-5-b+5)%5
		}
		return (a - b + 5) % 5
	}
	turn := [...]int{1, 5, 7, 6, 2, 8, 3, 0, 9, 4}
	sum := 0
	for i := range len(p) {
		d := int(p[len(p)-1-i] - '0')
		for range i % 8 {
			d = turn[d]
		}
		sum = times(sum, d)
	}
	return sum == 0
}

// residentID: ISO 7064 MOD 11-2, and a date of birth. Source: GB 11643-1999.
func residentID(p string) bool {
	sum := sumOf(p, 7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
	return monthDay(p[10:]) && p[17] == "10X98765432"[sum%11]
}

// ssn has no check digit, but numbers that are never given. Source: Social
// Security Administration.
func ssn(p string) bool {
	area := p[:3]
	return area != "000" && area != "666" && area < "900" && p[3:5] != "00" && p[5:] != "0000"
}
