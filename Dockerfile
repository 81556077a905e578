# The program alone, as a static binary, without a shell and without root. Git is
# not seen here, so give the version: docker build --build-arg VERSION=v1.2.3 .
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
RUN mkdir /empty && CGO_ENABLED=0 make build notices VERSION="$VERSION"

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /src/bin/brownout /usr/local/bin/brownout
COPY --from=build /src/LICENSE /src/bin/NOTICES /usr/share/doc/brownout/
# Runs are kept in .brownout/runs of the working directory. WORKDIR alone would
# make it root's. Who mounts one of their own there runs as its owner:
# docker run --user "$(id -u)" -v "$PWD:/work" IMAGE run provider-outage
COPY --from=build --chown=65532:65532 /empty /work
WORKDIR /work
ENTRYPOINT ["brownout"]
