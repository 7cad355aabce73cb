package main

import (
	"fmt"
	"strconv"
	"sync/atomic"

	"google.golang.org/protobuf/encoding/protojson"

	"pal.example/client/runs"
	palv1 "pal.example/go/pal/v1"
)

// view shows a run on standard output.
type view struct {
	machine bool
	runID   atomic.Pointer[string]
	midLine bool
}

func (v *view) see(frame *runs.Frame) {
	if event := frame.GetEvent(); event != nil {
		v.runID.Store(&event.RunId)
	}
	switch {
	case v.machine:
		fmt.Println(protojson.MarshalOptions{}.Format(frame))
	case frame.GetLiveOutput() != nil:
		fmt.Print(frame.GetLiveOutput().Text)
		v.midLine = true
	case frame.GetEvent() != nil:
		if v.midLine {
			fmt.Println()
		}
		v.midLine = false
		fmt.Printf("%4d %s%s\n", frame.GetEvent().Seq, frame.GetEvent().Type, detail(frame.GetEvent()))
	}
}

func detail(event *palv1.RunEvent) string {
	switch body := event.Body.(type) {
	case *palv1.RunEvent_RunAccepted:
		return " " + event.RunId
	case *palv1.RunEvent_RunRouted:
		return " to " + body.RunRouted.Runtime
	case *palv1.RunEvent_ToolCallRequested:
		return " " + body.ToolCallRequested.GetTool().GetName()
	case *palv1.RunEvent_RunFinished:
		return " " + body.RunFinished.Outcome.String() + " " + body.RunFinished.GetFailure().GetMessage()
	default:
		return ""
	}
}

func pop(arguments []string) (string, []string) {
	if len(arguments) == 0 {
		return "", nil
	}
	return arguments[0], arguments[1:]
}

func first(arguments []string) string {
	command, _ := pop(arguments)
	return command
}

func position(arguments []string) (int64, error) {
	if len(arguments) == 0 {
		return 0, nil
	}
	seq, err := strconv.ParseInt(arguments[0], 10, 64)
	if err != nil || seq < 0 {
		return 0, fmt.Errorf("AFTER is the position of an event, 0 or more, not %q", arguments[0])
	}
	return seq, nil
}
