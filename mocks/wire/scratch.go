package wire

import "sync"

// scratch lends buffers to build bodies in, which are written before the buffer
// goes back.
var scratch = sync.Pool{New: func() any { b := make([]byte, 0, 2<<10); return &b }}

// keepScratch is the largest buffer that is kept for the next body, in bytes.
const keepScratch = 64 << 10

// giveBack returns a borrowed buffer, which may have grown into b.
func giveBack(borrowed *[]byte, b []byte) {
	if cap(b) <= keepScratch {
		*borrowed = b[:0]
		scratch.Put(borrowed)
	}
}
