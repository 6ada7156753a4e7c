package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// runtimeAPI is what a Lambda environment offers to a custom runtime.
type runtimeAPI struct{ base string }

type invocation struct {
	id, arn         string
	began, deadline time.Time
}

func (a runtimeAPI) next() (invocation, error) {
	answer, err := http.Get(a.base + "next")
	if err != nil {
		return invocation{}, err
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return invocation{}, err
	}
	if answer.StatusCode != http.StatusOK {
		return invocation{}, fmt.Errorf("next: %s", answer.Status)
	}
	deadline, err := strconv.ParseInt(answer.Header.Get("Lambda-Runtime-Deadline-Ms"), 10, 64)
	return invocation{id: answer.Header.Get("Lambda-Runtime-Aws-Request-Id"), arn: answer.Header.Get("Lambda-Runtime-Invoked-Function-Arn"),
		began: time.Now(), deadline: time.UnixMilli(deadline)}, err
}

func (a runtimeAPI) answer(id string, failure error) error {
	path, body := "/response", "null"
	if failure != nil {
		text, _ := json.Marshal(map[string]string{"errorMessage": failure.Error(), "errorType": "errorString"})
		path, body = "/error", string(text)
	}
	answer, err := http.Post(a.base+id+path, "application/json", strings.NewReader(body))
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	return err
}
