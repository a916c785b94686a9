//! What a proxy stands on: the server behind it, the certificate that it shows, and how it serves a connection.

use std::{io, sync::Arc};

use hyper::{
    Request,
    body::{Bytes, Incoming},
    header,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use testbed::certificates::ServerCertificate;
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, rustls};

use crate::api_answers::Answer;

/// Answers what comes by this connection, until it ends; an error in the place of an answer ends it.
pub async fn serve<F>(connection: TcpStream, tls: TlsAcceptor, answer: impl Fn(Request<Incoming>) -> F)
where
    F: Future<Output = Result<Answer, io::Error>>,
{
    let Ok(connection) = tls.accept(connection).await else {
        return;
    };
    // Either side may hang up: that is for whoever looks at what comes of it.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(connection), service_fn(answer))
        .await;
}

/// TLS with this certificate.
pub fn certified(issued: &ServerCertificate) -> TlsAcceptor {
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
    let certificate = CertificateDer::from_pem_file(&issued.cert_path).unwrap();
    let key = PrivateKeyDer::from_pem_file(&issued.key_path).unwrap();
    let config = rustls::ServerConfig::builder().with_no_client_auth();
    TlsAcceptor::from(Arc::new(config.with_single_cert(vec![certificate], key).unwrap()))
}

/// The server behind a proxy.
#[derive(Clone)]
pub struct Upstream {
    client: reqwest::Client,
    server: String,
    /// Where it redirects to, if it does.
    pub elsewhere: String,
}

impl Upstream {
    /// The API server of a kubeconfig.
    pub fn of(kubeconfig: &Value) -> Self {
        let cluster = &kubeconfig["clusters"][0]["cluster"];
        let authority = cluster["certificate-authority-data"].clone();
        let authority: k8s_openapi::ByteString = serde_json::from_value(authority).unwrap();
        Self::at(cluster["server"].as_str().unwrap(), &authority.0)
    }

    /// At `https://host:port`, with a certificate by this authority.
    pub fn at(server: &str, authority_pem: &[u8]) -> Self {
        let authority = reqwest::Certificate::from_pem(authority_pem).unwrap();
        let client = reqwest::Client::builder().no_proxy().tls_certs_only([authority]);
        Self {
            client: client.build().unwrap(),
            server: server.trim_end_matches('/').to_owned(),
            elsewhere: String::new(),
        }
    }

    pub async fn ask(&self, parts: &hyper::http::request::Parts, body: Bytes) -> Result<reqwest::Response, io::Error> {
        let mut headers = parts.headers.clone();
        headers.remove(header::HOST);
        let url = format!("{}{}", self.server, parts.uri.path_and_query().unwrap());
        let request = self
            .client
            .request(parts.method.clone(), url)
            .headers(headers)
            .body(body);
        request.send().await.map_err(io::Error::other)
    }
}
