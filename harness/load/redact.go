package load

import "brownout/harness/redact"

// maxDetail bounds what a sample keeps of an error's text, in bytes.
const maxDetail = 200

// redacted makes the text of an error fit to be written, without the run's own
// key.
func redacted(text, key string) string { return redact.Line(text, maxDetail, key) }
