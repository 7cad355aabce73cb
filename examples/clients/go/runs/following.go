package runs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc"

	servicev1 "pal.example/go/pal/service/v1"
	palv1 "pal.example/go/pal/v1"
)

const (
	firstPause = 100 * time.Millisecond
	maxPause   = 5 * time.Second
)

var errCut = errors.New("the stream ended before the run did")

// following is one run that is followed, whatever becomes of the connection.
type following struct {
	client *Client
	// request starts the run; nil for a run that was started before.
	request *servicev1.RunRequest
	runID   string
	// seq is the highest position that was seen.
	seq      int64
	finished *palv1.RunFinished
	see      func(*Frame)
	heard    time.Time
}

func (f *following) toTheEnd(ctx context.Context) (*palv1.RunFinished, error) {
	f.heard = time.Now()
	pause := firstPause
	for {
		before := f.heard
		err := f.follow(ctx)
		if f.finished != nil {
			return f.finished, nil
		}
		if f.heard.After(before) {
			pause = firstPause
		}
		wait, again := retryAfter(err, pause)
		if !again {
			return nil, err
		}
		if silent := time.Since(f.heard); silent+wait > f.client.Patience {
			return nil, fmt.Errorf("gave up after %s without the mesh: %w", silent.Round(time.Second), err)
		}
		if f.client.OnCut != nil {
			f.client.OnCut(err, wait)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(wait):
		}
		pause = min(2*pause, maxPause)
	}
}

// follow takes the frames of one stream: of Run as long as the run is not known to have begun, of Watch from then on.
func (f *following) follow(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if f.runID == "" {
		stream, err := f.client.router.Run(ctx, f.request)
		return take(f, stream, err)
	}
	watch := &servicev1.WatchRequest{RunId: f.runID, AfterSeq: f.seq, Follow: true, LiveOutput: true}
	stream, err := f.client.router.Watch(ctx, watch)
	return take(f, stream, err)
}

type framed interface {
	GetFrames() []*Frame
}

func take[T any, P interface {
	*T
	framed
}](f *following, stream grpc.ServerStreamingClient[T], err error) error {
	for err == nil {
		var response *T
		if response, err = stream.Recv(); err == nil {
			f.take(P(response).GetFrames())
		}
	}
	if errors.Is(err, io.EOF) {
		return errCut
	}
	return err
}

func (f *following) take(frames []*Frame) {
	f.heard = time.Now()
	for _, frame := range frames {
		if event := frame.GetEvent(); event != nil {
			if event.Seq <= f.seq {
				continue
			}
			f.runID, f.seq = event.RunId, event.Seq
			f.finished = event.GetRunFinished()
		}
		f.see(frame)
	}
}
