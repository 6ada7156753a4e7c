package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"

	historypb "go.temporal.io/api/history/v1"
	"google.golang.org/protobuf/proto"
)

// A history lies in a file as a binary temporal.api.history.v1.History, compressed by gzip.

func readHistoryBytes(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	uncompressed, err := gzip.NewReader(file)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(uncompressed)
}

func parseHistory(data []byte) (*historypb.History, error) {
	history := &historypb.History{}
	return history, proto.Unmarshal(data, history)
}

func writeHistory(path string, history *historypb.History) error {
	data, err := proto.Marshal(history)
	if err != nil {
		return err
	}
	var compressed bytes.Buffer
	writer, err := gzip.NewWriterLevel(&compressed, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := writer.Write(data); err != nil {
		return err
	}
	if err := writer.Close(); err != nil {
		return err
	}
	return os.WriteFile(path, compressed.Bytes(), 0o644)
}
