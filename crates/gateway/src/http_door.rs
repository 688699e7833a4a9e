//! The door for HTTP: so many connections at once, and none that is held without being used. Operators' tools share the
//! process's descriptors with the customers, and may not take those of the journal either.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep};

/// Connections at once; more wait until others end.
pub(crate) const CONNECTIONS_MAX: usize = 32;

/// A connection from which nothing comes for so long is closed.
const IDLE_MAX: Duration = Duration::from_secs(60);

/// A listener with [`CONNECTIONS_MAX`] places.
pub(crate) struct HttpDoor {
    listener: TcpListener,
    places: Arc<Semaphore>,
}

/// A connection that has one of them.
pub(crate) struct Visitor {
    stream: TcpStream,
    idle: Pin<Box<Sleep>>,
    _place: OwnedSemaphorePermit,
}

impl HttpDoor {
    /// A door at this listener.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn new(listener: std::net::TcpListener) -> io::Result<HttpDoor> {
        Ok(HttpDoor {
            listener: TcpListener::from_std(listener)?,
            places: Arc::new(Semaphore::new(CONNECTIONS_MAX)),
        })
    }
}

impl Listener for HttpDoor {
    type Io = Visitor;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Visitor, SocketAddr) {
        let places = self.places.clone().acquire_owned().await;
        let place = places.expect("it is never closed");
        let (stream, remote) = Listener::accept(&mut self.listener).await;
        let visitor = Visitor {
            stream,
            idle: Box::pin(sleep(IDLE_MAX)),
            _place: place,
        };
        (visitor, remote)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl AsyncRead for Visitor {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Poll::Ready(read) = Pin::new(&mut self.stream).poll_read(cx, into) {
            self.idle.as_mut().reset(Instant::now() + IDLE_MAX);
            return Poll::Ready(read);
        }
        ready!(self.idle.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncWrite for Visitor {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

    #[tokio::test(start_paused = true)]
    async fn who_says_nothing_makes_place_for_the_next() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("an option");
        let at = listener.local_addr().expect("an address");
        let router = Router::new().route("/", get(|| async { "here" }));
        let door = HttpDoor::new(listener).expect("a door");
        tokio::spawn(async move { axum::serve(door, router).await });
        let mut silent = Vec::new();
        for _ in 0..CONNECTIONS_MAX {
            silent.push(TcpStream::connect(at).await.expect("a connection"));
        }
        let mut last = TcpStream::connect(at).await.expect("the kernel keeps it");
        last.write_all(REQUEST).await.expect("room for it");
        let mut answer = String::new();
        last.read_to_string(&mut answer).await.expect("an answer");
        assert!(answer.ends_with("here"), "{answer}");
        for mut stream in silent {
            assert_eq!(stream.read(&mut [0]).await.expect("an end"), 0);
        }
    }
}
