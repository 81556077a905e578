package chaos

import (
	"fmt"
	"net"
	"strconv"
)

// Ports of links lie here: below every common ephemeral range, because a link
// that is switched off frees its port, and an outgoing connection that got the
// same port from the kernel would block it or connect to itself.
const (
	FirstPort = 20000
	LastPort  = 32000
)

// BlockSize is how many ports one rig keeps for itself. The toxiproxy API
// listens on the first port of a block for as long as the rig is up, so that
// another rig, in this process or another, passes the whole block over: also
// those ports of it that are free only because a fault has closed their link.
const BlockSize = 64

// ports hands out the loopback ports of one rig, in ascending order.
type ports struct {
	next  int
	last  int  // of the block
	exact bool // somebody named the first port: one that is taken is an error
}

// claim takes the first port of a block with listen: from, or, where from is
// 0, of the first block that nobody has.
func (p *ports) claim(from int, listen func(addr string) error) error {
	if from != 0 {
		*p = ports{next: from, last: from + BlockSize - 1, exact: true}
		return p.take(listen)
	}
	var last error
	for from = FirstPort; from+BlockSize <= LastPort; from += BlockSize {
		if last = listen(loopback(from)); last == nil {
			*p = ports{next: from + 1, last: from + BlockSize - 1}
			return nil
		}
	}
	return fmt.Errorf("no free block of ports between %d and %d: %w", FirstPort, LastPort, last)
}

// take offers ports to listen until one is taken. Some other program may be
// faster at any of them, so only listening itself tells whether one is free.
func (p *ports) take(listen func(addr string) error) error {
	err := fmt.Errorf("a rig has %d ports", BlockSize)
	for p.next <= p.last {
		port := p.next
		p.next++
		if err = listen(loopback(port)); err == nil {
			return nil
		}
		if p.exact {
			return fmt.Errorf("port %d is taken: %w; name another first port with --port-from, or none to have free ones found", port, err)
		}
	}
	return fmt.Errorf("no free port up to %d: %w", p.last, err)
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
