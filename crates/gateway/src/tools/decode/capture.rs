//! PDUs from a capture of a network.

use std::collections::HashMap;
use std::io::Read;
use std::net::{IpAddr, SocketAddr};

use etherparse::{NetSlice, SlicedPacket, TransportSlice};
use pcap_parser::{Block, Linktype, PcapBlockOwned, PcapError, create_reader};
use sms::Wall;

use super::Trouble;
use super::shown::{Shown, Way};
use super::stream::Stream;

/// Octets that a block of a capture may have.
const BLOCK_MAX: usize = 1 << 20;

/// Microseconds of a second.
const MICROS: u64 = 1_000_000;

/// Shows every PDU in a capture, in the order in which they were whole. The trouble is what was not captured.
pub(super) fn read(file: impl Read + Send, show: &mut dyn FnMut(Shown)) -> Result<Trouble, String> {
    let mut reader = create_reader(BLOCK_MAX, file).map_err(|_| "no pcap or pcapng".to_owned())?;
    let mut capture = Capture::default();
    let mut cut = false;
    loop {
        match reader.next() {
            Ok((length, block)) => {
                capture.block(&block, show);
                reader.consume(length);
                continue;
            }
            Err(PcapError::Eof) => break,
            Err(PcapError::Incomplete(_)) => {}
            Err(_) => cut = true,
        }
        // It may end within a block, as when whatever wrote it was killed.
        cut |= reader.reader_exhausted();
        if cut {
            break;
        }
        reader.refill().map_err(|error| error.to_string())?;
    }
    Ok(capture.trouble(cut))
}

/// What a packet is inside of, and what its times count.
#[derive(Clone, Copy)]
struct Interface {
    link: Linktype,
    /// Units of a second, and the seconds that they count from.
    resolution: u64,
    offset: u64,
}

#[derive(Default)]
struct Capture {
    interfaces: Vec<Interface>,
    streams: HashMap<(SocketAddr, SocketAddr), Stream>,
    pdus: u64,
}

impl Capture {
    fn block(&mut self, block: &PcapBlockOwned<'_>, show: &mut dyn FnMut(Shown)) {
        match block {
            PcapBlockOwned::LegacyHeader(header) => self.interfaces.push(Interface {
                link: header.network,
                resolution: match header.is_nanosecond_precision() {
                    true => 1_000_000_000,
                    false => MICROS,
                },
                offset: 0,
            }),
            PcapBlockOwned::Legacy(packet) => {
                let Some(&interface) = self.interfaces.first() else {
                    return;
                };
                let at = (packet.ts_sec, packet.ts_usec);
                self.packet(interface, at, packet.data, show);
            }
            PcapBlockOwned::NG(Block::SectionHeader(_)) => self.interfaces.clear(),
            PcapBlockOwned::NG(Block::InterfaceDescription(description)) => {
                self.interfaces.push(Interface {
                    link: description.linktype,
                    resolution: description.ts_resolution().unwrap_or(MICROS),
                    offset: u64::try_from(description.ts_offset()).unwrap_or_default(),
                });
            }
            PcapBlockOwned::NG(Block::EnhancedPacket(packet)) => {
                let place = packet.if_id as usize;
                let Some(&interface) = self.interfaces.get(place) else {
                    return;
                };
                let at = packet.decode_ts(interface.offset, interface.resolution);
                let length = packet.data.len().min(packet.caplen as usize);
                self.packet(interface, at, &packet.data[..length], show);
            }
            PcapBlockOwned::NG(_) => {}
        }
    }

    fn packet(
        &mut self,
        interface: Interface,
        (seconds, units): (u32, u32),
        octets: &[u8],
        show: &mut dyn FnMut(Shown),
    ) {
        let Some((from, to, segment)) = tcp(interface.link, octets) else {
            return;
        };
        let stream = self.streams.entry((from, to)).or_default();
        if segment.syn {
            stream.begin(segment.sequence);
            return;
        }
        let micros = u64::from(units) * MICROS / interface.resolution.max(1);
        let time = time(u64::from(seconds), micros);
        let pdus = &mut self.pdus;
        stream.segment(segment.sequence, segment.payload, &mut |frame| {
            *pdus += 1;
            let way = Way {
                time: Some(time.clone()),
                peer: None,
                from: Some(from),
                to: Some(to),
            };
            show(Shown::of(frame, way));
        });
    }

    fn trouble(&self, cut: bool) -> Trouble {
        if self.pdus == 0 {
            return Some(
                "no PDU in it; TLS cannot be read, and a capture has to have the whole packets (tcpdump -s 0)"
                    .to_owned(),
            );
        }
        let streams = self.streams.values().filter(|stream| stream.is_smpp);
        let lost: u64 = streams.map(|stream| stream.lost).sum();
        match (lost, cut) {
            (0, false) => None,
            (0, true) => Some("the capture ends in the middle of a packet".to_owned()),
            (lost, _) => Some(format!("{lost} octets were not captured, or are no PDUs")),
        }
    }
}

struct Segment<'a> {
    sequence: u32,
    syn: bool,
    payload: &'a [u8],
}

/// The TCP segment in a packet.
fn tcp(link: Linktype, octets: &[u8]) -> Option<(SocketAddr, SocketAddr, Segment<'_>)> {
    /// Octets that BSD's loopback has before the packet.
    const LOOPBACK: usize = 4;
    let packet = match link {
        Linktype::ETHERNET => SlicedPacket::from_ethernet(octets).ok()?,
        Linktype::LINUX_SLL => SlicedPacket::from_linux_sll(octets).ok()?,
        Linktype::NULL | Linktype::LOOP => SlicedPacket::from_ip(octets.get(LOOPBACK..)?).ok()?,
        _ => SlicedPacket::from_ip(octets).ok()?,
    };
    let (from, to): (IpAddr, IpAddr) = match packet.net? {
        NetSlice::Ipv4(ip) => (
            ip.header().source_addr().into(),
            ip.header().destination_addr().into(),
        ),
        NetSlice::Ipv6(ip) => (
            ip.header().source_addr().into(),
            ip.header().destination_addr().into(),
        ),
        NetSlice::Arp(_) => return None,
    };
    let Some(TransportSlice::Tcp(tcp)) = packet.transport else {
        return None;
    };
    let segment = Segment {
        sequence: tcp.sequence_number(),
        syn: tcp.syn(),
        payload: tcp.payload(),
    };
    let from = SocketAddr::new(from, tcp.source_port());
    let to = SocketAddr::new(to, tcp.destination_port());
    Some((from, to, segment))
}

/// UTC, with microseconds.
pub(crate) fn time(seconds: u64, micros: u64) -> String {
    let civil = Wall(seconds * 1000).civil();
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{micros:06}Z",
        civil.year, civil.month, civil.day, civil.hour, civil.minute, civil.second
    )
}
