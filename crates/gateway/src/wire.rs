//! Octets between a socket and a buffer, plain or through TLS: the same two functions for both.

use std::io::{self, ErrorKind, Read, Write};

use bytes::{Buf, BytesMut};
use tokio::io::Interest;
use tokio::net::TcpStream;

/// What lies between the socket and the session.
#[derive(Debug)]
pub(crate) enum Wire {
    /// Nothing.
    Plain,
    /// A TLS connection of either role, its handshake done or not.
    Tls(Box<rustls::Connection>),
}

impl Wire {
    /// The wire of a TLS connection.
    pub(crate) fn tls(connection: impl Into<rustls::Connection>) -> Wire {
        Wire::Tls(Box::new(connection.into()))
    }

    /// Whether TLS is spoken.
    pub(crate) fn is_tls(&self) -> bool {
        matches!(self, Wire::Tls(_))
    }

    /// Whether TLS is still being agreed on.
    pub(crate) fn is_handshaking(&self) -> bool {
        matches!(self, Wire::Tls(tls) if tls.is_handshaking())
    }

    /// Reads what has come, up to the length of `into`. `Ok(0)`: the peer has ended.
    ///
    /// # Errors
    /// `WouldBlock` when nothing is there (readiness of the socket is cleared), `InvalidData` when it is not TLS, and what
    /// the socket says.
    pub(crate) fn read(&mut self, socket: &TcpStream, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Wire::Plain => read_plain(socket, into),
            Wire::Tls(tls) => read_tls(socket, tls, into),
        }
    }

    /// Writes `from` as far as the socket takes it; the rest stays. Also what TLS itself has to say.
    ///
    /// # Errors
    /// What the socket says; never `WouldBlock`.
    pub(crate) fn write(&mut self, socket: &TcpStream, from: &mut BytesMut) -> io::Result<Written> {
        let written = match self {
            Wire::Plain => write_plain(socket, from),
            Wire::Tls(tls) => write_tls(socket, tls, from),
        };
        match written {
            Ok(()) => Ok(Written::All),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(Written::Blocked),
            Err(error) => Err(error),
        }
    }

    /// Tells the peer that nothing more comes, so that it can tell an end from a cut.
    pub(crate) fn end(&mut self, socket: &TcpStream) {
        if let Wire::Tls(tls) = self {
            tls.send_close_notify();
            // The socket is about to be closed: what it does not take now is lost.
            let _ = write_tls(socket, tls, &mut BytesMut::new());
        }
        let _ = socket2::SockRef::from(socket).shutdown(std::net::Shutdown::Write);
    }
}

/// How far a write came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Written {
    /// Everything is with the kernel.
    All,
    /// The socket takes no more for now.
    Blocked,
}

fn read_plain(socket: &TcpStream, into: &mut [u8]) -> io::Result<usize> {
    let n = socket.try_read(into)?;
    if n > 0 && n < into.len() {
        // The socket is empty, and the next octet raises a new event: no second read is needed to find out.
        let _ = socket.try_io(Interest::READABLE, || {
            Err::<(), _>(ErrorKind::WouldBlock.into())
        });
    }
    Ok(n)
}

fn read_tls(
    socket: &TcpStream,
    tls: &mut rustls::Connection,
    into: &mut [u8],
) -> io::Result<usize> {
    let mut read = 0;
    while read < into.len() {
        match tls.reader().read(&mut into[read..]) {
            Ok(0) => return Ok(read),
            Ok(n) => {
                read += n;
                continue;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            // The peer ended without close_notify. Frames have lengths: a cut cannot be mistaken for an end.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(read),
            Err(error) => return Err(error),
        }
        match tls.read_tls(&mut Socket(socket)) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock && read > 0 => return Ok(read),
            Err(error) => return Err(error),
        }
        if let Err(error) = tls.process_new_packets() {
            // The alert says why; if it does not fit now, the close says it too.
            let _ = write_tls(socket, tls, &mut BytesMut::new());
            return Err(io::Error::new(ErrorKind::InvalidData, error));
        }
    }
    Ok(read)
}

fn write_plain(socket: &TcpStream, from: &mut BytesMut) -> io::Result<()> {
    while !from.is_empty() {
        let n = socket.try_write(from)?;
        from.advance(n);
    }
    Ok(())
}

fn write_tls(
    socket: &TcpStream,
    tls: &mut rustls::Connection,
    from: &mut BytesMut,
) -> io::Result<()> {
    loop {
        while tls.wants_write() {
            tls.write_tls(&mut Socket(socket))?;
        }
        if from.is_empty() || tls.is_handshaking() {
            return Ok(());
        }
        let n = tls.writer().write(from)?;
        from.advance(n);
    }
}

/// The socket as rustls wants to see it.
struct Socket<'a>(&'a TcpStream);

impl Read for Socket<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.try_read(into)
    }
}

impl Write for Socket<'_> {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        self.0.try_write(from)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
