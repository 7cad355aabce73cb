// Command client runs an agent on a PAL mesh and shows what it does.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"pal.example/client/runs"
	servicev1 "pal.example/go/pal/service/v1"
	palv1 "pal.example/go/pal/v1"
)

const usage = `usage: client [-router ADDRESS] [-json] [-patience DURATION] COMMAND

  run AGENT TEXT          start a run and follow it; Ctrl-C cancels it
  watch RUN [AFTER]       follow a run after a position
  cancel RUN [REASON]     ask a run to stop

`

func main() {
	router := flag.String("router", "127.0.0.1:7400", "address of the router")
	machine := flag.Bool("json", false, "write every frame as a line of JSON")
	patience := flag.Duration("patience", time.Minute, "how long to go on without hearing from the mesh")
	flag.Usage = func() {
		fmt.Fprint(os.Stderr, usage)
		flag.PrintDefaults()
	}
	flag.Parse()
	connection, err := grpc.NewClient(*router, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		fail(err)
	}
	client := runs.New(connection)
	client.Patience = *patience
	client.OnCut = func(err error, wait time.Duration) {
		fmt.Fprintf(os.Stderr, "cut: %v; again in %s\n", err, wait.Round(time.Millisecond))
	}
	shown := &view{machine: *machine}
	finished, err := carryOut(client, shown, flag.Args())
	if err != nil {
		fail(err)
	}
	if finished != nil && finished.Outcome != palv1.RunOutcome_RUN_OUTCOME_SUCCEEDED {
		os.Exit(1)
	}
}

func carryOut(client *runs.Client, shown *view, arguments []string) (*palv1.RunFinished, error) {
	ctx := context.Background()
	command, rest := pop(arguments)
	switch {
	case command == "run" && len(rest) == 2:
		cancelOnInterrupt(client, shown)
		return client.Run(ctx, &servicev1.RunRequest{
			Agent: &palv1.SpecSelector{Name: rest[0]},
			Input: &palv1.Payload{Content: &palv1.Payload_Text{Text: rest[1]}},
		}, shown.see)
	case command == "watch" && len(rest) >= 1 && len(rest) <= 2:
		afterSeq, err := position(rest[1:])
		if err != nil {
			return nil, err
		}
		return client.Watch(ctx, rest[0], afterSeq, shown.see)
	case command == "cancel" && len(rest) >= 1 && len(rest) <= 2:
		run, err := client.Cancel(ctx, rest[0], first(rest[1:]))
		if err == nil {
			fmt.Println(run.RunId, run.State)
		}
		return nil, err
	default:
		flag.Usage()
		os.Exit(2)
		return nil, nil
	}
}

// cancelOnInterrupt asks the run to stop at the first Ctrl-C; the second one ends the program.
func cancelOnInterrupt(client *runs.Client, shown *view) {
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	go func() {
		<-interrupts
		signal.Stop(interrupts)
		runID := shown.runID.Load()
		if runID == nil {
			os.Exit(130)
		}
		if _, err := client.Cancel(context.Background(), *runID, "interrupted"); err != nil {
			fail(err)
		}
	}()
}

func fail(err error) {
	if reason, _ := runs.Reason(err); reason != "" {
		fmt.Fprintf(os.Stderr, "client: %s (%s)\n", status.Convert(err).Message(), reason)
	} else {
		fmt.Fprintln(os.Stderr, "client:", err)
	}
	os.Exit(3)
}
