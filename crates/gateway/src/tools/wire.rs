//! A nonblocking connection of the blast tools: whole reads into one buffer that all connections share, whole writes
//! from a buffer of its own, plain or TLS.

use std::io::{self, Read, Write};

use bytes::{Buf, BytesMut};
use mio::net::TcpStream;
use rustls::{ClientConnection, StreamOwned};

use super::reactor::Reactor;

/// Octets of the buffer that one read fills: large enough for the largest PDU beside a part of another, small enough
/// for the second-level cache.
pub(crate) const READ_OCTETS: usize = 256 * 1024;

/// A peer that lets more than this wait to be written is not read from any more, in octets.
pub(crate) const OUTBOX_HIGH: usize = 4 * 1024 * 1024;

/// One end of a connection.
pub(crate) struct Wire {
    stream: Stream,
    /// The part of a PDU that the last read ended with.
    rest: Vec<u8>,
    /// What is to be written.
    pub(crate) outbox: BytesMut,
    /// False after a read that found nothing, until the system says otherwise.
    pub(crate) readable: bool,
    /// False after a write that found no room, until the system says otherwise.
    writable: bool,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Wire {
    pub(crate) fn plain(stream: TcpStream) -> Wire {
        Wire::new(Stream::Plain(stream))
    }

    pub(crate) fn tls(stream: TcpStream, mut connection: ClientConnection) -> Wire {
        // The outbox has the limit; a second one inside would only cut writes into pieces.
        connection.set_buffer_limit(None);
        Wire::new(Stream::Tls(Box::new(StreamOwned::new(connection, stream))))
    }

    fn new(stream: Stream) -> Wire {
        Wire {
            stream,
            rest: Vec::new(),
            outbox: BytesMut::new(),
            readable: false,
            writable: false,
        }
    }

    /// The socket below.
    pub(crate) fn socket(&mut self) -> &mut TcpStream {
        match &mut self.stream {
            Stream::Plain(socket) => socket,
            Stream::Tls(tls) => &mut tls.sock,
        }
    }

    /// Takes note of what became possible.
    pub(crate) fn wake(&mut self, readable: bool, writable: bool) {
        self.readable |= readable;
        // A TLS write may have waited for something to read.
        self.writable |= writable || matches!(self.stream, Stream::Tls(_));
    }

    /// Reads once. What comes is the rest of the last read and what is new; give what stays undigested to [`Wire::keep`].
    ///
    /// # Errors
    /// `UnexpectedEof` if the peer is gone, and what the system says; nothing can be read then.
    pub(crate) fn read<'b>(&mut self, buffer: &'b mut [u8]) -> io::Result<&'b [u8]> {
        let old = self.rest.len();
        buffer[..old].copy_from_slice(&self.rest);
        let room = &mut buffer[old..];
        let (result, short_is_all) = match &mut self.stream {
            Stream::Plain(socket) => (socket.read(room), true),
            Stream::Tls(tls) => (tls.read(room), false),
        };
        let new = match result {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => {
                self.readable = count == room.len() || !short_is_all;
                count
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.readable = false;
                0
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => 0,
            Err(error) => return Err(error),
        };
        self.rest.clear();
        Ok(&buffer[..old + new])
    }

    /// Keeps the part of a PDU that the read ended with.
    pub(crate) fn keep(&mut self, rest: &[u8]) {
        self.rest.extend_from_slice(rest);
    }

    /// Writes as much as the system takes.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        while self.writable && !self.outbox.is_empty() {
            let result = match &mut self.stream {
                Stream::Plain(socket) => socket.write(&self.outbox),
                Stream::Tls(tls) => tls.write(&self.outbox),
            };
            match result {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => self.outbox.advance(count),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.writable = false,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let Stream::Tls(tls) = &mut self.stream else {
            return Ok(());
        };
        match tls.flush() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.writable = false;
                Ok(())
            }
            other => other,
        }
    }

    /// Says goodbye, as far as the transport has a word for it, and lets go of the socket.
    pub(crate) fn close(mut self, reactor: &Reactor) {
        if let Stream::Tls(tls) = &mut self.stream {
            tls.conn.send_close_notify();
            // The peer may be gone already.
            let _ = tls.flush();
        }
        reactor.remove(self.socket());
    }
}
