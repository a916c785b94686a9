//! A TLS connection that a handler can cut, and that ends with the simulator. It knows no HTTP.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::watch,
};
use tokio_rustls::server::TlsStream;

/// The other end of a connection, as a handler sees it.
#[derive(Debug, Clone)]
pub(super) struct Peer {
    /// Where the client calls from.
    pub(super) address: SocketAddr,
    cut: Arc<AtomicBool>,
}

impl Peer {
    /// From now on nothing can be written: the answer in hand is lost and the connection closed,
    /// without the farewell of TLS.
    pub(super) fn cut(&self) {
        self.cut.store(true, Ordering::Relaxed);
    }
}

/// The connection itself.
pub(super) struct Wire {
    stream: TlsStream<TcpStream>,
    cut: Arc<AtomicBool>,
    stopped: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Wire {
    /// A connection that ends when the sender of `stop` is dropped.
    pub(super) fn new(stream: TlsStream<TcpStream>, mut stop: watch::Receiver<()>) -> Self {
        // What a fault lets out before it cuts must not wait for more to send.
        let _ = stream.get_ref().0.set_nodelay(true);
        Self {
            stream,
            cut: Arc::default(),
            stopped: Box::pin(async move { while stop.changed().await.is_ok() {} }),
        }
    }

    pub(super) fn peer(&self, address: SocketAddr) -> Peer {
        let cut = Arc::clone(&self.cut);
        Peer { address, cut }
    }

    /// An error once the connection is cut. Hyper reads while a handler works, to see a client hang
    /// up, so even a silent one wakes here when the simulator ends.
    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        let cut = self.cut.load(Ordering::Relaxed);
        if cut || self.stopped.as_mut().poll(context).is_ready() {
            // Remembered, since a future that has ended must not be polled again.
            self.cut.store(true, Ordering::Relaxed);
            return Err(io::Error::from(io::ErrorKind::ConnectionReset));
        }
        Ok(())
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
