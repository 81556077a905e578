package mocks

import (
	"sync"

	"brownout/chance"
)

// attempts counts the calls of each marker. It remembers a marker for at least
// generation and at most twice as many other markers of its shard, so its size
// does not grow with the number of requests: some 130,000 markers in all, which
// at 5,000 calls a second is longer than any request is retried.
type attempts struct {
	shards [attemptShards]attemptShard
}

const (
	attemptShards = 16
	generation    = 4096
)

type attemptShard struct {
	mu            sync.Mutex
	young, former map[uint64]uint32 // marker's hash -> calls so far
}

// next is the number of the marker's call that has just arrived: 1, 2, 3 …
func (a *attempts) next(marker string) int {
	h := chance.Key{Marker: marker, Purpose: "attempts"}.Bits()
	s := &a.shards[h%attemptShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	n, known := s.young[h]
	if !known {
		n = s.former[h]
		if len(s.young) >= generation {
			s.young, s.former = s.former, s.young
			clear(s.young)
		}
		if s.young == nil {
			s.young = make(map[uint64]uint32)
		}
	}
	s.young[h] = n + 1
	return int(n + 1)
}
