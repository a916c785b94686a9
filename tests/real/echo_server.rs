//! A token endpoint that repeats what it was sent, in every place of an answer: what proxies, debug pages and careless
//! error handlers do. The client id chooses how.

use std::{path::Path, sync::Arc};

use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use testbed::certificates::ServerCertificate;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

/// What a login sent.
pub struct Asked {
    /// The form as it came.
    pub form: String,
    pub client_id: String,
    pub client_secret: String,
    pub password: String,
}

/// Makes the whole answer, head included.
pub type Answer = fn(&Asked) -> Vec<u8>;

/// The running server; it ends with the test's runtime.
pub struct EchoServer {
    /// As `spec.domain` names it.
    pub domain: String,
}

impl EchoServer {
    /// With this certificate; over plain TCP where there is none. Each client id has its answer;
    /// others get none.
    pub async fn start(
        certificate: Option<&ServerCertificate>,
        answers: &'static [(&'static str, &'static str, Answer)],
    ) -> Self {
        let acceptor = certificate.map(|certificate| acceptor(&certificate.cert_path, &certificate.key_path));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let domain = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    match acceptor {
                        // A client that does not like the certificate goes away: that is what is tested.
                        Some(acceptor) => {
                            if let Ok(tls) = acceptor.accept(tcp).await {
                                serve(tls, answers).await;
                            }
                        }
                        None => serve(tcp, answers).await,
                    }
                });
            }
        });
        Self { domain }
    }
}

fn acceptor(certificate: &Path, key: &Path) -> TlsAcceptor {
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_file(certificate).unwrap()],
            PrivateKeyDer::from_pem_file(key).unwrap(),
        )
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, answers: &[(&str, &str, Answer)]) {
    let mut bytes = Vec::new();
    let asked = loop {
        // Whatever is no request is repeated as it is: plain HTTP is met by a TLS client's hello.
        match stream.read_buf(&mut bytes).await {
            Ok(length) if length > 0 => {}
            _ => return,
        }
        if let Some(asked) = read(&bytes) {
            break asked;
        }
        if !bytes.starts_with(b"POST ") {
            let _ = stream.write_all(&bytes).await;
            return;
        }
    };
    if let Some((_, _, answer)) = answers.iter().find(|(client_id, ..)| *client_id == asked.client_id) {
        // The client may have read enough and gone.
        let _ = stream.write_all(&answer(&asked)).await;
        let _ = stream.shutdown().await;
    } else {
        // Never an answer; until the client goes.
        while matches!(stream.read_buf(&mut bytes).await, Ok(length) if length > 0) {}
    }
}

/// The request, once it is there as a whole.
fn read(bytes: &[u8]) -> Option<Asked> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok())?;
    let form = body.get(..length)?;
    let url = reqwest::Url::parse(&format!("https://x/?{form}")).ok()?;
    let value = |key: &str| {
        url.query_pairs()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.into_owned())
    };
    Some(Asked {
        form: form.to_owned(),
        client_id: value("client_id")?,
        client_secret: value("client_secret")?,
        password: value("password")?,
    })
}
