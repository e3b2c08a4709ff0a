package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a node that runs beside this program.
type process struct {
	cmd *exec.Cmd
	in  io.WriteCloser
}

// start runs the job in a process of its own and reads the one JSON object it prints.
func start(ctx context.Context, j job, answer any) (*process, error) {
	body, err := json.Marshal(j)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self)
	cmd.Env = append(os.Environ(), jobVariable+"="+string(body))
	cmd.Stderr = os.Stderr
	p := &process{cmd: cmd}
	if p.in, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, answer)
	}
	if err != nil {
		p.stop()
		return nil, fmt.Errorf("the node did not start: %w", err)
	}
	return p, nil
}

// stop lets the node close its store and waits for it.
func (p *process) stop() {
	p.in.Close()
	_ = p.cmd.Wait()
}

// cpu is the CPU time that the node has used, of both kinds.
func (p *process) cpu() time.Duration {
	body, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(body[strings.LastIndexByte(string(body), ')')+1:]))
	ticks := 0
	for _, f := range fields[11:13] { // utime, stime; 100 ticks a second on Linux
		n, _ := strconv.Atoi(f)
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// memory is what the process holds now and held at most, in MiB.
type memory struct{ RSS, Peak float64 }

func (p *process) memory() (m memory) {
	body, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	for line := range strings.Lines(string(body)) {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		kib, _ := strconv.ParseFloat(f[1], 64)
		switch f[0] {
		case "VmRSS:":
			m.RSS = kib / 1024
		case "VmHWM:":
			m.Peak = kib / 1024
		}
	}
	return m
}

// ownCPU is the CPU time of this process, the clients.
func ownCPU() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func loadAverage() string {
	body, _ := os.ReadFile("/proc/loadavg")
	f := strings.Fields(string(body))
	if len(f) < 3 {
		return ""
	}
	return strings.Join(f[:3], " ")
}

func freePort() string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "54330"
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}
