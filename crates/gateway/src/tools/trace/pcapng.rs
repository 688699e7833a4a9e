//! A capture for programs that read packets: PDUs as if they had gone over plain TCP, each in a packet of its own.
//!
//! Three kinds of blocks of draft-ietf-opsawg-pcapng: a section header, one interface, and an enhanced packet for each PDU or,
//! since a packet has an end, each part of one.

use std::collections::HashMap;
use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};

use etherparse::PacketBuilder;

/// Packets begin with the IP header: LINKTYPE_RAW.
const RAW_IP: u16 = 101;

/// Octets of a PDU in one packet at most; an IPv4 packet has 65 535.
const PART_MAX: usize = 60_000;

const SECTION: u32 = 0x0A0D_0D0A;
const INTERFACE: u32 = 1;
const PACKET: u32 = 6;

/// A capture that is being written.
pub(super) struct Capture<W> {
    out: W,
    /// Octets that one end has said to the other.
    said: HashMap<(SocketAddr, SocketAddr), u32>,
}

impl<W: Write> Capture<W> {
    /// Begins one.
    ///
    /// # Errors
    /// What `out` says.
    pub(super) fn new(mut out: W) -> io::Result<Capture<W>> {
        // The magic of the byte order, version 1.0, and no length of the section.
        let mut section = 0x1A2B_3C4D_u32.to_le_bytes().to_vec();
        section.extend([1, 0, 0, 0]);
        section.extend(u64::MAX.to_le_bytes());
        block(&mut out, SECTION, &section)?;
        let mut interface = RAW_IP.to_le_bytes().to_vec();
        // Reserved, and no limit to what is kept of a packet. Times are microseconds if nothing is said.
        interface.extend([0; 6]);
        block(&mut out, INTERFACE, &interface)?;
        out.flush()?;
        Ok(Capture {
            out,
            said: HashMap::new(),
        })
    }

    /// Adds a PDU that went by at `at` milliseconds since 1970. The file can be read after each.
    ///
    /// # Errors
    /// What `out` says.
    pub(super) fn pdu(
        &mut self,
        at: u64,
        from: SocketAddr,
        to: SocketAddr,
        octets: &[u8],
    ) -> io::Result<()> {
        let micros = at * 1000;
        for part in octets.chunks(PART_MAX) {
            let packet = self.packet(from, to, part)?;
            let length = u32::try_from(packet.len()).map_err(io::Error::other)?;
            // The first interface, the time in two halves, and the lengths of what is kept and of what there was.
            let mut body = 0_u32.to_le_bytes().to_vec();
            for word in [(micros >> 32) as u32, micros as u32, length, length] {
                body.extend(word.to_le_bytes());
            }
            body.extend(packet);
            block(&mut self.out, PACKET, &body)?;
        }
        self.out.flush()
    }

    /// A packet of an IP version that both addresses are of.
    fn packet(&mut self, from: SocketAddr, to: SocketAddr, part: &[u8]) -> io::Result<Vec<u8>> {
        const HOPS: u8 = 64;
        const WINDOW: u16 = u16::MAX;
        let ip = match (from.ip().to_canonical(), to.ip().to_canonical()) {
            (IpAddr::V4(from), IpAddr::V4(to)) => {
                PacketBuilder::ipv4(from.octets(), to.octets(), HOPS)
            }
            (from, to) => PacketBuilder::ipv6(six(from), six(to), HOPS),
        };
        let heard = *self.said.entry((to, from)).or_insert(1);
        let said = self.said.entry((from, to)).or_insert(1);
        let tcp = ip
            .tcp(from.port(), to.port(), *said, WINDOW)
            .ack(heard)
            .psh();
        *said = said.wrapping_add(part.len() as u32);
        let mut packet = Vec::with_capacity(tcp.size(part.len()));
        tcp.write(&mut packet, part).map_err(io::Error::other)?;
        Ok(packet)
    }
}

fn six(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(four) => four.to_ipv6_mapped().octets(),
        IpAddr::V6(six) => six.octets(),
    }
}

/// A block: its kind, its length before and after it, and the body filled up to whole words.
fn block(out: &mut impl Write, kind: u32, body: &[u8]) -> io::Result<()> {
    const AROUND: usize = 12;
    let padding = body.len().next_multiple_of(4) - body.len();
    let length = u32::try_from(body.len() + padding + AROUND).map_err(io::Error::other)?;
    out.write_all(&kind.to_le_bytes())?;
    out.write_all(&length.to_le_bytes())?;
    out.write_all(body)?;
    out.write_all(&[0; 3][..padding])?;
    out.write_all(&length.to_le_bytes())
}

#[cfg(test)]
mod tests {
    use crate::tools::decode;

    use super::*;

    const ENQUIRE_LINK: [u8; 16] = [0, 0, 0, 16, 0, 0, 0, 0x15, 0, 0, 0, 0, 0, 0, 0, 9];

    #[test]
    fn our_own_reader_finds_every_pdu_at_its_time() {
        let esme: SocketAddr = "192.0.2.7:51312".parse().expect("an address");
        let six: SocketAddr = "[2001:db8::7]:51312".parse().expect("an address");
        let centre: SocketAddr = "192.0.2.1:2775".parse().expect("an address");
        let mut file = Vec::new();
        let mut capture = Capture::new(&mut file).expect("begun");
        let mut answer = ENQUIRE_LINK;
        answer[4] = 0x80;
        // As large as a PDU may be, so that it is in two packets.
        let large_length = 80 * 1024_u32;
        let mut large = vec![0; large_length as usize];
        large[..16].copy_from_slice(&ENQUIRE_LINK);
        large[..4].copy_from_slice(&large_length.to_be_bytes());
        for (from, to, octets) in [
            (esme, centre, &ENQUIRE_LINK[..]),
            (centre, esme, &answer[..]),
            (esme, centre, &large[..]),
            (six, centre, &ENQUIRE_LINK[..]),
        ] {
            capture
                .pdu(1_700_000_000_123, from, to, octets)
                .expect("written");
        }
        let shown = decode::paragraphs(&file).expect("a capture");
        let firsts: Vec<&str> = shown
            .iter()
            .filter_map(|shown| shown.lines().next())
            .collect();
        let time = "2023-11-14T22:13:20.123000Z";
        assert_eq!(
            firsts,
            [
                format!("{time}  192.0.2.7:51312 > 192.0.2.1:2775  enquire_link #9  16 octets"),
                format!(
                    "{time}  192.0.2.1:2775 > 192.0.2.7:51312  enquire_link_resp #9  ESME_ROK  16 octets"
                ),
                format!("{time}  192.0.2.7:51312 > 192.0.2.1:2775  enquire_link #9  81920 octets"),
                format!(
                    "{time}  [2001:db8::7]:51312 > [::ffff:192.0.2.1]:2775  enquire_link #9  16 octets"
                ),
            ]
        );
    }
}
