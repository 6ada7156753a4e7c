package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
)

// server is one started server program.
type server struct {
	address string
	command *exec.Cmd
	folder  string
	ready   time.Duration // from the start of the process to the first RPC that was answered well
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// startServer starts the program in memory or on a database file of its own.
func startServer(ctx context.Context, program string, onFile bool) (*server, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "server-load")
	if err != nil {
		return nil, err
	}
	arguments := []string{"server", "start-dev", "--headless", "--ip", "127.0.0.1", "--port", strconv.Itoa(port), "--log-level", "error"}
	if onFile {
		arguments = append(arguments, "--db-filename", filepath.Join(folder, "server.db"))
	}
	// What went before must not count.
	runtime.GC()
	time.Sleep(300 * time.Millisecond)
	s := &server{address: fmt.Sprintf("127.0.0.1:%d", port), folder: folder, command: exec.Command(program, arguments...)}
	since := time.Now()
	if err := s.command.Start(); err != nil {
		return nil, err
	}
	if err := s.await(ctx, since); err != nil {
		s.stop()
		return nil, fmt.Errorf("%s does not answer: %w", program, err)
	}
	s.ready = time.Since(since)
	return s, nil
}

// await returns when the server has answered a call well. Before it listens nothing is asked of gRPC, whose pauses between
// attempts would be measured too.
func (s *server) await(ctx context.Context, since time.Time) error {
	limit := since.Add(60 * time.Second)
	for {
		probe, err := net.Dial("tcp", s.address)
		if err == nil {
			_ = probe.Close()
			break
		}
		if time.Now().After(limit) {
			return err
		}
		time.Sleep(100 * time.Microsecond)
	}
	connection, err := grpc.NewClient(s.address, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithConnectParams(
		grpc.ConnectParams{Backoff: backoff.Config{BaseDelay: time.Millisecond, Multiplier: 1, MaxDelay: time.Millisecond}}))
	if err != nil {
		return err
	}
	defer connection.Close()
	service := workflowservice.NewWorkflowServiceClient(connection)
	for {
		_, err := service.DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: "default"})
		if err == nil || time.Now().After(limit) {
			return err
		}
		time.Sleep(200 * time.Microsecond)
	}
}

func (s *server) stop() {
	_ = s.command.Process.Signal(syscall.SIGTERM)
	done := make(chan struct{})
	go func() { _ = s.command.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		_ = s.command.Process.Kill()
		<-done
	}
	_ = os.RemoveAll(s.folder)
}

// memory is the resident set of the process in MB.
func (s *server) memory() float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.command.Process.Pid))
	if err != nil {
		return 0
	}
	for _, line := range strings.Split(string(text), "\n") {
		if rest, found := strings.CutPrefix(line, "VmRSS:"); found {
			kilobytes, _ := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return kilobytes / 1024
		}
	}
	return 0
}

// used is the CPU time that the process has used.
func (s *server) used() time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.command.Process.Pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * (time.Second / 100) // the kernel counts in hundredths
}
