// go_replay measures how fast the Go SDK replays a recorded history, and makes that recording.
//
//	go_replay record ADDRESS FILE [ACTIVITIES]
//	go_replay replay FILE [ROUNDS]
package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
)

func number(arguments []string, at, fallback int) (int, error) {
	if at >= len(arguments) {
		return fallback, nil
	}
	return strconv.Atoi(arguments[at])
}

func run(arguments []string) error {
	switch {
	case len(arguments) >= 3 && arguments[0] == "record":
		activities, err := number(arguments, 3, 1000)
		if err != nil {
			return err
		}
		return record(arguments[1], arguments[2], activities)
	case len(arguments) >= 2 && arguments[0] == "replay":
		rounds, err := number(arguments, 2, 20)
		if err != nil {
			return err
		}
		return replay(arguments[1], rounds)
	}
	return errors.New("usage: go_replay record ADDRESS FILE [ACTIVITIES] | go_replay replay FILE [ROUNDS]")
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
