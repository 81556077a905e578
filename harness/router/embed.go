package router

import (
	"net/http"

	"brownout/mocks/wire"
)

// embed answers one request for embeddings.
func (r *engine) embed(w http.ResponseWriter, _ *http.Request, front wire.Dialect, id string) {
	front.WriteFailure(w, &wire.Failure{Kind: wire.FailNotFound, RequestID: id})
}
