# The operator as one static binary on an empty base: no shell, no libc, nothing else to keep patched.
#
#   docker build -t registry.example.com/tracktik-operator:0.1.0 .

# On Alpine the Rust toolchain links against musl, statically, so the result runs on any Linux of this architecture. The
# image brings the C compiler that the cryptography needs, and the certificate authorities that are copied below.
#
# A tag can be moved: who moves this one chooses the compiler, and whom the operator trusts at the token endpoint. For what
# handles passwords give the digest that you have looked at, which `docker buildx imagetools inspect rust:1.95.0-alpine` prints:
#
#   docker build --build-arg RUST_IMAGE=rust:1.95.0-alpine@sha256:... -t registry.example.com/tracktik-operator:0.1.0 .
ARG RUST_IMAGE=rust:1.95.0-alpine
FROM ${RUST_IMAGE} AS build
WORKDIR /src
COPY . .
RUN cargo build --locked --release --package tracktik-operator --bin tracktik-operator

FROM scratch
LABEL org.opencontainers.image.title="tracktik-operator" \
      org.opencontainers.image.description="Keeps TrackTik API tokens fresh in Kubernetes Secrets" \
      org.opencontainers.image.licenses="Apache-2.0"
# Whom to trust at the token endpoint. An empty base has nobody, and the operator then refuses to start; --ca-bundle adds
# to these. The API server's authority comes with the pod's ServiceAccount.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /src/target/release/tracktik-operator /tracktik-operator
COPY LICENSE /LICENSE
# A number, so that the kubelet can tell that it is not root.
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/tracktik-operator"]
CMD ["run"]
