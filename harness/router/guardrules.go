package router

import (
	"regexp"
	"strings"
)

// before is where an order begins: at the start of a line or sentence, maybe
// after a word or two that lead to it. Text that tells of such orders in the
// middle of a sentence, or quotes them, is no order.
const before = `(?:^|[\n.!?:;>*#-][ \t>*#-]*)(?:(?:please|now|important|attention|system|assistant|ai|you|must|should|will|then|next|and|also|first|instead|from now on)[,:]?[ \t]+){0,4}`

// builtInRules are the marks that are looked for unless switched off.
func builtInRules() []guardRule {
	return []guardRule{
		{
			name:     "an injected instruction",
			triggers: []string{"ignore", "disregard", "forget", "override"},
			// A capital in the middle of a line begins a sentence whose stop is missing.
			match: regexp.MustCompile(`(?i)(?:` + before + `(?:ignore|disregard|forget|override)|\s(?-i:Ignore|Disregard|Forget|Override))\s+(?:(?:all|any|every|everything|each|of|the|your|my|our|these|those|that|such|and)\s+){0,4}` +
				`(?:previous|prior|above|preceding|earlier|foregoing|original|former|existing|system|safety)\s+(?:(?:and|system|safety|user|other)\s+)?` +
				`(?:instructions?|prompts?|messages?|rules?|directions?|directives?|guidelines?|context|commands?|orders?|text)\b`),
			longest: 112,
		},
		{
			name:     "an injected instruction",
			triggers: []string{"you are now", "your new instructions", "new system prompt", "reveal your", "print your", "repeat your"},
			match: regexp.MustCompile(`(?i)` + before + `(?:are now (?:in )?(?:developer mode|dan\b|unrestricted|jailbroken|free of)|you are now (?:in )?(?:developer mode|dan\b|unrestricted|jailbroken|free of)|` +
				`(?:your )?new (?:instructions|system prompt)(?: are| is)?:|(?:reveal|print|repeat) your (?:system prompt|hidden instructions|initial instructions|secret instructions))`),
			longest: 64,
		},
		{
			name:     "markup of a chat template that plays another role",
			triggers: []string{"<|im_start|>", "<|start_header_id|>", "<<sys>>", "<|system|>"},
			match:    regexp.MustCompile(`(?i)<\|im_start\|>\s*(?:system|user)|<\|start_header_id\|>\s*(?:system|user)|<<SYS>>\s*\S|<\|system\|>\s*\S`),
			longest:  40,
		},
		{
			name:     "a picture whose address carries data away",
			triggers: []string{"![", "<img"},
			match: regexp.MustCompile(`(?i)(?:!\[[^\]\n]{0,80}\]\(\s*|<img[^>\n]{0,60}src\s*=\s*["']?)https?://[^)\s"'>]{1,120}[?&](?:` +
				`[^=&)\s"'>]{0,24}=(?:\{\{|\$\{|<)|(?:data|secrets?|tokens?|prompts?|history|conversation|context|chat|leak|exfil|payload|cookies?|passwords?|api_?key|creds?)=[^)\s"'>]{4})`),
			longest: 240,
		},
		{
			name:     "an order to send secrets away",
			triggers: []string{"http://", "https://"},
			match: regexp.MustCompile(`(?i)` + before + `(?:send|post|upload|forward|exfiltrate|transmit|submit|deliver)\s+(?:[\w'-]+\s+){0,6}` +
				`(?:conversation|chat history|system prompt|api[ -]?keys?|credentials|passwords?|secrets?|access tokens?|environment variables|private keys?)\s+(?:[\w'-]+\s+){0,5}(?:to|via|at)\s+(?:this\s+|the\s+)?(?:url\s+|address\s+)?<?https?://`),
			longest: 12,
		},
		{
			name:     "a command that sends secrets away",
			triggers: []string{"curl ", "wget "},
			match:    regexp.MustCompile(`(?i)\b(?:curl|wget)\s[^\n]{0,160}(?:@[~/.\w]*(?:\.env\b|id_rsa|\.aws/credentials|\.ssh/)|\$\((?:env|printenv|cat [^)\n]{0,40}(?:\.env\b|id_rsa|credentials|/etc/passwd)))`),
			longest:  200,
		},
		{
			name:     "an instruction in markup that no reader sees",
			triggers: []string{"<!--", "display:none", "display: none", "visibility:hidden", "visibility: hidden", "font-size:0", "font-size: 0", "opacity:0"},
			match: regexp.MustCompile(`(?is)<!--[^>]{0,160}?\b(?:ignore|disregard|instructions?|system prompt|assistant|do not tell|the user must not)\b[^>]{0,160}?-->|` +
				`style\s*=\s*["'][^"'<>]{0,60}(?:display:\s*none|visibility:\s*hidden|font-size:\s*0|opacity:\s*0)[^"'<>]{0,60}["'][^<>]{0,60}>[^<]{0,160}\b(?:ignore|disregard|instructions|system prompt|do not tell)\b`),
			longest: 384,
		},
		{
			name:     "text in characters that no reader sees",
			triggers: []string{"\u200b", "\u2060", "\ufeff", "\U000e0020"[:3], "\U000e0040"[:3]},
			// Tag characters are harmless only in the flags of nations (UTS 51, after
			// a black flag); zero-width ones join letters of a word only to hide it.
			match:   regexp.MustCompile(`(?:^|[^\x{1F3F4}\x{E0020}-\x{E007F}])[\x{E0020}-\x{E007E}]{2}|[A-Za-z](?:[\x{200B}\x{2060}\x{FEFF}]+[A-Za-z]{1,4}){2}`),
			longest: 24,
		},
		{
			name:     "a key or other secret",
			triggers: []string{"akia", "asia", "sk-", "ghp_", "github_pat_", "glpat-", "xoxb-", "xoxp-", "aiza", "-----begin "},
			match: regexp.MustCompile(`\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bsk-(?:proj-|ant-|live-|or-|svcacct-)?[A-Za-z0-9_-]{20,}|\bghp_[A-Za-z0-9]{36}|\bgithub_pat_[A-Za-z0-9_]{40,}|` +
				`\bglpat-[A-Za-z0-9_-]{20}|\bxox[bp]-[A-Za-z0-9-]{20,}|\bAIza[A-Za-z0-9_-]{35}|-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\s+[A-Za-z0-9+/=]{24}`),
			longest: 160,
			secret:  true,
			harmless: func(m string) bool { // what manuals print in their place
				u := strings.ToUpper(m)
				return strings.Contains(u, "EXAMPLE") || strings.Contains(u, "XXXX") || strings.Contains(u, "YOUR") || fewLetters(m)
			},
		},
	}
}

// fewLetters tells a secret from a row of dots or of one letter.
func fewLetters(s string) bool {
	seen := map[rune]bool{}
	for _, r := range s {
		seen[r] = true
	}
	return len(seen) < 8
}
