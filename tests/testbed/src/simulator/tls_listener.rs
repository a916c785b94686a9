//! TLS for axum: accepts on loopback, shakes hands aside, and hands out connections.
//! It knows no HTTP.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use tokio::{
    net::TcpListener,
    sync::{mpsc, watch},
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

use super::{
    shared::Shared,
    wire::{Peer, Wire},
};

/// A client that connects and says nothing is given up after this: longer than one may be frozen in the middle of it.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_mins(1);
/// Connections that have shaken hands and wait for axum.
const BACKLOG: usize = 1024;

/// Connections ready for HTTP. Handshakes run beside each other, so one slow client holds up nobody.
pub(super) struct TlsListener {
    ready: mpsc::Receiver<(Wire, SocketAddr)>,
    address: SocketAddr,
}

impl TlsListener {
    /// `stop` closes every connection when its sender is dropped. The port is held by one of `tasks`.
    pub(super) fn new(
        tcp: TcpListener,
        tls: TlsAcceptor,
        shared: Arc<Shared>,
        stop: watch::Receiver<()>,
        tasks: &mut JoinSet<()>,
    ) -> io::Result<Self> {
        let address = tcp.local_addr()?;
        let (sender, ready) = mpsc::channel(BACKLOG);
        tasks.spawn(accept(tcp, tls, shared, stop, sender));
        Ok(Self { ready, address })
    }
}

impl Listener for TlsListener {
    type Io = Wire;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Wire, SocketAddr) {
        match self.ready.recv().await {
            Some(connection) => connection,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

async fn accept(
    tcp: TcpListener,
    tls: TlsAcceptor,
    shared: Arc<Shared>,
    stop: watch::Receiver<()>,
    ready: mpsc::Sender<(Wire, SocketAddr)>,
) {
    let mut handshakes = JoinSet::new();
    loop {
        let Ok((stream, address)) = tcp.accept().await else {
            // Out of file descriptors, most likely: a moment later some are free again.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        // Here, since a client that has shaken hands may be gone before this end has done so as well.
        shared.state().world.count(|counts| counts.connections += 1);
        while handshakes.try_join_next().is_some() {}
        let (tls, stop, ready) = (tls.clone(), stop.clone(), ready.clone());
        handshakes.spawn(async move {
            // A client that distrusts the certificate ends here.
            let handshake = tokio::time::timeout(HANDSHAKE_TIMEOUT, tls.accept(stream));
            if let Ok(Ok(stream)) = handshake.await {
                // Refused only when the listener is gone, and the connection with it.
                let _ = ready.send((Wire::new(stream, stop), address)).await;
            }
        });
    }
}

impl Connected<IncomingStream<'_, TlsListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TlsListener>) -> Self {
        stream.io().peer(*stream.remote_addr())
    }
}
