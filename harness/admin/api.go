package admin

import (
	"encoding/json"
	"errors"
	"net/http"

	"brownout/harness/rig"
)

// The API. Bodies are JSON; an answer that is not 2xx is a Problem.
//
//	GET    /v1/status          Status
//	GET    /v1/faults          []Fault in effect
//	POST   /v1/faults          Order in, []Fault made out (201)
//	DELETE /v1/faults/{name}   a fault's name, a provider's, or "all"; names of the faults cleared out
//
// 400: the order is wrong, and how; 404: no such fault; 409: a fault in effect
// claims the same; 500: the machine would not.
const (
	pathStatus = "/v1/status"
	pathFaults = "/v1/faults"
)

// Problem is the body of an answer that is not 2xx.
type Problem struct {
	Error string `json:"error"`
}

// maxOrder bounds the body of an order, in bytes.
const maxOrder = 64 << 10

func (d *Desk) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+pathStatus, func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, d.Status())
	})
	mux.HandleFunc("GET "+pathFaults, func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, d.Faults())
	})
	mux.HandleFunc("POST "+pathFaults, d.postFault)
	mux.HandleFunc("DELETE "+pathFaults+"/{name}", func(w http.ResponseWriter, r *http.Request) {
		names, err := d.Clear(r.Context(), r.PathValue("name"))
		if err != nil {
			refuse(w, err)
			return
		}
		reply(w, http.StatusOK, names)
	})
	// A page in some browser on this machine must not switch faults.
	return http.NewCrossOriginProtection().Handler(mux)
}

func (d *Desk) postFault(w http.ResponseWriter, r *http.Request) {
	var o Order
	in := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxOrder))
	in.DisallowUnknownFields()
	if err := in.Decode(&o); err != nil {
		reply(w, http.StatusBadRequest, Problem{Error: "not an order: " + err.Error()})
		return
	}
	made, err := d.Inject(r.Context(), o)
	if err != nil {
		refuse(w, err)
		return
	}
	reply(w, http.StatusCreated, made)
}

// refuse answers an error by its meaning.
func refuse(w http.ResponseWriter, err error) {
	status := http.StatusBadRequest
	var environment *rig.EnvironmentError
	var conflict *ConflictError
	switch {
	case errors.As(err, &environment):
		status = http.StatusInternalServerError
	case errors.As(err, &conflict):
		status = http.StatusConflict
	case errors.Is(err, ErrNoFault):
		status = http.StatusNotFound
	}
	reply(w, status, Problem{Error: err.Error()})
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	_ = out.Encode(v) // a client that has gone needs no answer
}
