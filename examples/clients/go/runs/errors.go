package runs

import (
	"errors"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Reason returns why the mesh refused, for example "AGENT_NOT_FOUND", with the values; "" when it did not say.
func Reason(err error) (string, map[string]string) {
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok && info.Domain == "pal" {
			return info.Reason, info.Metadata
		}
	}
	return "", nil
}

// retryAfter returns how long to wait before trying again, pause unless the mesh says otherwise, and whether to.
func retryAfter(err error, pause time.Duration) (time.Duration, bool) {
	if errors.Is(err, errCut) {
		return pause, true
	}
	said := status.Convert(err)
	for _, detail := range said.Details() {
		if info, ok := detail.(*errdetails.RetryInfo); ok {
			return info.RetryDelay.AsDuration(), true
		}
	}
	return pause, said.Code() == codes.Unavailable
}
