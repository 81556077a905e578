package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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

// usageWithChildren is the processor time of this process, and of all that it
// started and that still runs, where the system tells of those.
func usageWithChildren() time.Duration {
	own, _ := usage()
	return own + childrenTime(os.Getpid())
}

// tick is the unit in which Linux counts processor time in its files.
const tick = 10 * time.Millisecond

// childrenTime is the processor time so far of the processes that a process
// started, and that those started, as Linux tells it; elsewhere it is 0.
func childrenTime(pid int) time.Duration {
	var sum time.Duration
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		return 0
	}
	for _, list := range lists {
		text, err := os.ReadFile(list)
		if err != nil {
			continue // that thread is gone
		}
		for _, f := range strings.Fields(string(text)) {
			child, err := strconv.Atoi(f)
			if err != nil {
				continue
			}
			sum += processTime(child) + childrenTime(child)
		}
	}
	return sum
}

// processTime is the processor time of one process so far, of Linux.
func processTime(pid int) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	// The name, in brackets, may hold anything; utime and stime are the 12th and
	// 13th field after it, see proc(5).
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * tick
}

// clock tells what everything else on the machine used since it was started.
type clock struct {
	begun    time.Time
	own, all time.Duration
}

func startClock() clock { return clock{time.Now(), everOwn(), machineTime()} }

// others is the processor time that other programs used meanwhile, in cores,
// and whether the system tells.
func (c clock) others() (cores float64, ok bool) {
	all := machineTime() - c.all
	if all <= 0 {
		return 0, false
	}
	return max(0, (all-(everOwn()-c.own)).Seconds()/time.Since(c.begun).Seconds()), true
}

// everOwn is the processor time of this process and of all that it started,
// whether it still runs or not.
func everOwn() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_CHILDREN, &u) != nil {
		return usageWithChildren()
	}
	return usageWithChildren() + time.Duration(u.Utime.Nano()+u.Stime.Nano())
}

// machineTime is the processor time of all that runs on the machine, with what
// its host took from it, of Linux; elsewhere it is 0.
func machineTime() time.Duration {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(text), "\n")
	fields := strings.Fields(first)
	if len(fields) < 9 || fields[0] != "cpu" {
		return 0
	}
	var sum int
	for _, i := range []int{1, 2, 3, 6, 7, 8} { // user, nice, system; irq, softirq, steal
		n, _ := strconv.Atoi(fields[i])
		sum += n
	}
	return time.Duration(sum) * tick
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
