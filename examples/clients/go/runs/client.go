// Package runs starts agents on a PAL mesh and follows what they do, across cuts of the connection.
package runs

import (
	"context"
	"crypto/rand"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	servicev1 "pal.example/go/pal/service/v1"
	palv1 "pal.example/go/pal/v1"
)

// Frame is one thing that a run shows: a recorded event, live output, progress, or a gap in what is kept.
type Frame = servicev1.RunStreamFrame

// Client talks to the router of a mesh.
type Client struct {
	router servicev1.RouterServiceClient
	// Patience is how long a run is followed without hearing from the mesh.
	Patience time.Duration
	// OnCut is told why the connection was lost and when it is tried again. May be nil.
	OnCut func(err error, wait time.Duration)
}

// New returns a client over connection.
func New(connection grpc.ClientConnInterface) *Client {
	return &Client{router: servicev1.NewRouterServiceClient(connection), Patience: time.Minute}
}

// Run starts the run that request asks for, hands its frames to see, and returns how it ended.
//
// A request without an id gets one: however often a cut makes it necessary to ask again, one run is started.
func (c *Client) Run(ctx context.Context, request *servicev1.RunRequest, see func(*Frame)) (*palv1.RunFinished, error) {
	if request.RequestId == "" {
		request = proto.CloneOf(request)
		request.RequestId = rand.Text()
	}
	following := &following{client: c, request: request, see: see}
	return following.toTheEnd(ctx)
}

// Watch follows a run after a position, hands its frames to see, and returns how it ended.
func (c *Client) Watch(ctx context.Context, runID string, afterSeq int64, see func(*Frame)) (*palv1.RunFinished, error) {
	following := &following{client: c, runID: runID, seq: afterSeq, see: see}
	return following.toTheEnd(ctx)
}

// Cancel asks a run to stop and returns it as it is now. Follow it to see it end.
func (c *Client) Cancel(ctx context.Context, runID, reason string) (*servicev1.Run, error) {
	response, err := c.router.Cancel(ctx, &servicev1.CancelRequest{RunId: runID, Reason: reason, RequestId: rand.Text()})
	return response.GetRun(), err
}
