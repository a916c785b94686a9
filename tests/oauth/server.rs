//! A tiny TLS server that does one thing, right or wrong, to every connection, and counts.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// What the server does once it has read a request.
#[derive(Clone, Debug)]
pub enum Conduct {
    /// Sends these bytes and leaves the connection open, as a server with keep-alive does.
    Reply(Vec<u8>),
    /// Sends a body of 10 MB under this status.
    Flood(u16),
    /// Promises more than it sends, then closes.
    CutShort,
    /// Promises more than it sends, then sends nothing.
    Stall,
    /// Never answers.
    Silence,
    /// Closes without an answer.
    HangUp,
    /// Speaks HTTP/2 and refuses each stream in the way that clients take for "try again".
    RefuseStreams,
    /// Speaks HTTP/2, as AWS' load balancers do, and answers with this body.
    Http2(&'static str),
    /// Accepts TCP and never speaks TLS.
    NoTls,
    /// Speaks no TLS but plain HTTP.
    PlainHttp,
    /// Closes the TCP connection at once.
    CloseAtOnce,
}

/// The certificate that the server shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certificate {
    Good,
    WrongName,
    Expired,
    NotYetValid,
}

/// A test CA.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub pem: String,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self {
            issuer: Issuer::new(params, key),
            pem,
        }
    }

    fn server_config(&self, certificate: Certificate) -> ServerConfig {
        let name = if certificate == Certificate::WrongName {
            "other.example"
        } else {
            "localhost"
        };
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        match certificate {
            Certificate::Expired => params.not_after = date_time_ymd(2001, 1, 1),
            Certificate::NotYetValid => params.not_before = date_time_ymd(4000, 1, 1),
            Certificate::Good | Certificate::WrongName => {}
        }
        let key = KeyPair::generate().unwrap();
        let leaf = params.signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], key)
            .unwrap()
    }
}

/// The running server; it ends with the test's runtime.
pub struct Server {
    pub domain: String,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    closed: AtomicUsize,
    requests: Mutex<Vec<String>>,
    sent: AtomicUsize,
}

impl Server {
    pub async fn start(authority: &Authority, certificate: Certificate, conduct: Conduct) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let domain = format!("localhost:{}", listener.local_addr().unwrap().port());
        let mut config = authority.server_config(certificate);
        if matches!(conduct, Conduct::RefuseStreams | Conduct::Http2(_)) {
            config.alpn_protocols = vec![b"h2".to_vec()];
        }
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let seen = Arc::new(Seen::default());
        let shared = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                shared.connections.fetch_add(1, Ordering::SeqCst);
                let (acceptor, conduct, shared) = (acceptor.clone(), conduct.clone(), Arc::clone(&shared));
                tokio::spawn(async move {
                    serve(tcp, acceptor, conduct, Arc::clone(&shared)).await;
                    shared.closed.fetch_add(1, Ordering::SeqCst);
                });
            }
        });
        Self { domain, seen }
    }

    pub fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    /// Waits until the client has closed all connections.
    pub async fn all_closed(&self) {
        for _ in 0..100 {
            if self.seen.closed.load(Ordering::SeqCst) == self.connections() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("a connection was left open");
    }

    /// The requests as they came in, headers and bodies.
    pub fn requests(&self) -> Vec<String> {
        self.seen.requests.lock().unwrap().clone()
    }

    /// How many bytes of a flood the client took.
    pub fn sent(&self) -> usize {
        self.seen.sent.load(Ordering::SeqCst)
    }
}

async fn serve(mut tcp: TcpStream, acceptor: TlsAcceptor, conduct: Conduct, seen: Arc<Seen>) {
    match conduct {
        Conduct::NoTls => return std::future::pending().await,
        Conduct::CloseAtOnce => return,
        Conduct::PlainHttp => {
            let _ = tcp
                .write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
                .await;
            return std::future::pending().await;
        }
        _ => {}
    }
    let Ok(mut tls) = acceptor.accept(tcp).await else {
        return;
    };
    if matches!(conduct, Conduct::RefuseStreams | Conduct::Http2(_)) {
        return serve_http2(tls, conduct, seen).await;
    }
    while let Some(request) = read_request(&mut tls).await {
        seen.requests.lock().unwrap().push(request);
        match &conduct {
            Conduct::Reply(bytes) => {
                if tls.write_all(bytes).await.is_err() {
                    return;
                }
            }
            Conduct::Flood(status) => {
                let head = format!("HTTP/1.1 {status} X\r\ncontent-length: 10485760\r\n\r\n");
                tls.write_all(head.as_bytes()).await.unwrap();
                while tls.write_all(&[b'x'; 4_096]).await.is_ok() {
                    seen.sent.fetch_add(4_096, Ordering::SeqCst);
                }
                return;
            }
            Conduct::CutShort | Conduct::Stall => {
                let part = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"access_token\":\"a\",";
                tls.write_all(part).await.unwrap();
                tls.flush().await.unwrap();
                if matches!(conduct, Conduct::CutShort) {
                    let _ = tls.shutdown().await;
                    return;
                }
                std::future::pending::<()>().await;
            }
            Conduct::Silence => std::future::pending().await,
            _ => return,
        }
    }
}

async fn serve_http2(tls: TlsStream<TcpStream>, conduct: Conduct, seen: Arc<Seen>) {
    let mut connection = h2::server::handshake(tls).await.unwrap();
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        seen.requests.lock().unwrap().push(request.uri().to_string());
        if let Conduct::Http2(body) = conduct {
            let mut stream = respond.send_response(http::Response::new(()), false).unwrap();
            stream.send_data(body.into(), true).unwrap();
        } else {
            respond.send_reset(h2::Reason::REFUSED_STREAM);
        }
    }
}

/// Headers and as much body as they announce; none once the connection is closed.
async fn read_request(tls: &mut TlsStream<TcpStream>) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = |line: &str| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok();
            if body.len() >= head.lines().find_map(length).unwrap_or(0) {
                return Some(text);
            }
        }
        let mut chunk = [0; 4_096];
        match tls.read(&mut chunk).await {
            Ok(read) if read > 0 => bytes.extend_from_slice(&chunk[..read]),
            _ => return None,
        }
    }
}
