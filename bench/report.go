package main

import (
	"context"
	"fmt"
	"path/filepath"
)

// report measures brownout report over a journal of a million requests.
func report(ctx context.Context, o *options) (string, error) {
	if !o.full {
		return "", nil
	}
	return scratch(func(dir string) (string, error) {
		path := filepath.Join(dir, journalName)
		if err := makeJournal(path, million, journalRate); err != nil {
			return "", err
		}
		got, err := inChild(ctx, taskReport, path)
		if err != nil {
			return "", err
		}
		return markdown("The HTML report of a journal of a million requests",
			[]string{"time", "processor time", "memory at most", "size of the page"},
			[][]string{{fmt.Sprintf("%.1f s", got.Seconds), fmt.Sprintf("%.1f s", got.CPU), fmt.Sprintf("%d MB", got.Memory>>20), fmt.Sprintf("%d KB", got.Bytes>>10)}}), nil
	})
}
