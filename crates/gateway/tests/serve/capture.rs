//! A relay that watches a conversation and writes it down as packets, for programs that read captures.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// The port under which the message centre's side is written down.
pub(crate) const PORT: u16 = 2775;

/// Relays connections to somebody else, for as long as the test runs.
pub(crate) struct Relay {
    pub(crate) address: SocketAddr,
    watched: Arc<Mutex<Vec<Stream>>>,
}

/// What one end of a connection said, up to the last whole PDU.
#[derive(Clone)]
struct Stream {
    connection: u16,
    from_centre: bool,
    octets: Vec<u8>,
}

impl Relay {
    pub(crate) fn start(to: SocketAddr) -> Relay {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("it has one");
        let watched = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&watched);
        thread::spawn(move || {
            for (connection, esme) in (0..).zip(listener.incoming().map_while(Result::ok)) {
                let centre = TcpStream::connect(to).expect("a connection");
                watch(connection, &esme, &centre, &shared).expect("two sockets each");
            }
        });
        Relay { address, watched }
    }

    /// Writes a capture with one packet for each PDU that passed; how many there are.
    pub(crate) fn write(&self, file: &Path) -> usize {
        let streams = locked(&self.watched).clone();
        let mut capture = HEADER.to_vec();
        let mut count = 0;
        for stream in &streams {
            let mut rest = stream.octets.as_slice();
            let mut said: u32 = 1;
            while let Some((length, _)) = rest.split_first_chunk::<4>() {
                let (pdu, after) = rest.split_at(u32::from_be_bytes(*length) as usize);
                capture.extend(packet(stream, said, pdu));
                said += u32::try_from(pdu.len()).expect("a PDU is short");
                rest = after;
                count += 1;
            }
        }
        fs::write(file, capture).expect("a file");
        count
    }
}

/// Copies both ways, each in a thread of its own.
fn watch(
    connection: u16,
    esme: &TcpStream,
    centre: &TcpStream,
    watched: &Arc<Mutex<Vec<Stream>>>,
) -> io::Result<()> {
    for (from, to, from_centre) in [(esme, centre, false), (centre, esme, true)] {
        let (mut from, mut to) = (from.try_clone()?, to.try_clone()?);
        let mut all = locked(watched);
        let at = all.len();
        all.push(Stream {
            connection,
            from_centre,
            octets: Vec::new(),
        });
        drop(all);
        let watched = Arc::clone(watched);
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = from.read(&mut buffer) {
                locked(&watched)[at]
                    .octets
                    .extend_from_slice(&buffer[..read]);
                if to.write_all(&buffer[..read]).is_err() {
                    break;
                }
            }
            let _ = to.shutdown(Shutdown::Write);
        });
    }
    Ok(())
}

fn locked(watched: &Mutex<Vec<Stream>>) -> std::sync::MutexGuard<'_, Vec<Stream>> {
    watched.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Of a pcap file of IP packets: magic, version 2.4, time zone, accuracy, the longest packet, link type RAW.
const HEADER: [u8; 24] = [
    0xA1, 0xB2, 0xC3, 0xD4, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 101,
];

/// One PDU in TCP in IPv4 in a capture's record. Checksums are zero, as where the hardware fills them in.
fn packet(stream: &Stream, sequence: u32, pdu: &[u8]) -> Vec<u8> {
    let esme = 40_000 + stream.connection;
    let (from, to) = if stream.from_centre {
        (PORT, esme)
    } else {
        (esme, PORT)
    };
    let length = u16::try_from(40 + pdu.len()).expect("a PDU is short");
    let mut packet = vec![0; 8];
    packet.extend(
        [u32::from(length), u32::from(length)]
            .iter()
            .flat_map(|n| n.to_be_bytes()),
    );
    packet.extend([0x45, 0]);
    packet.extend(length.to_be_bytes());
    packet.extend([0, 0, 0, 0, 64, 6, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1]);
    packet.extend([from, to].iter().flat_map(|port| port.to_be_bytes()));
    packet.extend(sequence.to_be_bytes());
    // Acknowledges nothing; 20 octets of header; PSH; a window; no checksum, nothing urgent.
    packet.extend([0, 0, 0, 0, 0x50, 0x08, 0xFF, 0xFF, 0, 0, 0, 0]);
    packet.extend_from_slice(pdu);
    packet
}
