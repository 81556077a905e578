package journal

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

const (
	// maxFrame bounds a frame, packed and unpacked. The writer's are a little
	// over frameBytes at most; a bigger one is no journal's, and may be a trap.
	maxFrame = 64 << 20
	// maxBlock is the most a block of a frame may hold (RFC 8878, 3.1.1.2.4).
	maxBlock = 128 << 10
)

var zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd} // RFC 8878, 3.1.1

// frames reads zstd frames one by one and whole. A streaming decoder would give
// out the beginning of a frame that is cut off, and with it half a line.
type frames struct {
	in      *bufio.Reader
	at      int64 // byte at which the next frame begins
	decoder *zstd.Decoder
	packed  []byte
	lines   []byte
	cut     bool // the input ended within a frame
}

func newFrames(r io.Reader) frames { return frames{in: bufio.NewReaderSize(r, 64<<10)} }

// next returns the content of the next frame, which is good until the call
// after. At the end of the input, or where the rest is less than a frame, it
// returns io.EOF.
func (f *frames) next() ([]byte, error) {
	switch err := f.pack(); {
	case err == io.EOF:
		return nil, io.EOF
	case errors.Is(err, io.ErrUnexpectedEOF):
		f.cut = true
		return nil, io.EOF
	case err != nil:
		return nil, fmt.Errorf("read the journal at byte %d: %w", f.at, err)
	}
	if f.decoder == nil {
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1),
			zstd.WithDecoderMaxMemory(maxFrame), zstd.WithDecoderLowmem(true))
		if err != nil {
			return nil, err
		}
		f.decoder = d
	}
	lines, err := f.decoder.DecodeAll(f.packed, f.lines[:0])
	if err != nil {
		return nil, fmt.Errorf("the journal is damaged in the frame at byte %d: %w", f.at, err)
	}
	f.lines = lines
	f.at += int64(len(f.packed))
	return lines, nil
}

// pack reads the next frame as it is into packed.
func (f *frames) pack() error {
	f.packed = f.packed[:0]
	start, err := f.in.Peek(zstd.HeaderMaxSize)
	switch {
	case len(start) == 0:
		return err
	case err != nil && err != io.EOF:
		return err
	case !bytes.HasPrefix(start, zstdMagic) && !bytes.HasPrefix(zstdMagic, start):
		return errors.New("no journal frame (zstd) begins here")
	}
	var h zstd.Header
	if err := h.Decode(start); err != nil {
		return err
	}
	if err := f.take(h.HeaderSize); err != nil {
		return err
	}
	for last := false; !last; {
		at := len(f.packed)
		if err := f.take(3); err != nil {
			return err
		}
		// Block header: last (1 bit), type (2), size (21), little endian.
		b := uint32(f.packed[at]) | uint32(f.packed[at+1])<<8 | uint32(f.packed[at+2])<<16
		last = b&1 != 0
		size := int(b >> 3)
		if size > maxBlock {
			return errors.New("damaged block")
		}
		if b>>1&3 == 1 { // one byte, repeated size times
			size = 1
		}
		if err := f.take(size); err != nil {
			return err
		}
	}
	if h.HasCheckSum {
		return f.take(4)
	}
	return nil
}

// take moves n bytes of the input to packed.
func (f *frames) take(n int) error {
	at := len(f.packed)
	if at+n > maxFrame {
		return errors.New("the frame is too big for a journal")
	}
	if at+n > cap(f.packed) {
		f.packed = append(make([]byte, 0, max(2*cap(f.packed), at+n)), f.packed...)
	}
	f.packed = f.packed[:at+n]
	_, err := io.ReadFull(f.in, f.packed[at:])
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (f *frames) close() {
	if f.decoder != nil {
		f.decoder.Close()
		f.decoder = nil
	}
}
