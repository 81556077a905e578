package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// facts describe the machine, as a list.
func facts() string {
	var b strings.Builder
	add := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "- %s: %s\n", name, value)
		}
	}
	add("time", time.Now().UTC().Format(time.RFC3339))
	add("version", output("git", "describe", "--tags", "--always", "--dirty"))
	add("Go", runtime.Version()+" "+runtime.GOOS+"/"+runtime.GOARCH)
	add("kernel", output("uname", "-sr"))
	add("processor", procValue("/proc/cpuinfo", "model name"))
	add("cores", fmt.Sprint(runtime.NumCPU()))
	add("memory", procValue("/proc/meminfo", "MemTotal"))
	if load, err := os.ReadFile("/proc/loadavg"); err == nil {
		add("load before", strings.Join(strings.Fields(string(load))[:3], " "))
	}
	return b.String()
}

func output(name string, args ...string) string {
	out, err := exec.Command(name, args...).Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// procValue is the first value of a key in a file of lines "key: value".
func procValue(file, key string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == key {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// usage is the processor time that this process has used so far, and the most
// memory that it has had, in bytes.
func usage() (cpu time.Duration, memory int64) {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0, 0
	}
	memory = u.Maxrss // in bytes; on Linux in kilobytes, and that of the parent where it had more
	if kb, ok := strings.CutSuffix(procValue("/proc/self/status", "VmHWM"), " kB"); ok {
		if n, err := strconv.ParseInt(kb, 10, 64); err == nil {
			memory = n << 10
		}
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), memory
}

// markdown writes a table with a heading.
func markdown(title string, head []string, rows [][]string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n## %s\n\n| %s |\n|%s\n", title, strings.Join(head, " | "), strings.Repeat(" --- |", len(head)))
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(r, " | "))
	}
	return b.String()
}
