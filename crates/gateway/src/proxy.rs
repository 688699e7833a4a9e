//! Whom a load balancer speaks for: the header of the PROXY protocol, version 2, that it puts before everything else, TLS
//! included. It is read of trusted addresses alone, octet for octet: what stands behind it is the customer's.
//!
//! Source: "The PROXY protocol", 2.2, as HAProxy publishes it.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use ppp::v2::{Addresses, Command, Header};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::timeout;

/// Signature, version and command, family, length.
const FIXED: usize = 16;
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";

/// The most that may follow: addresses, and what else a balancer tells, which is passed over.
const REST_MAX: usize = 4096;

/// A balancer sends its header with the connection; it has so long.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a balancer said first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Heard {
    /// It speaks for whoever is at this address.
    For(SocketAddr),
    /// It speaks for itself.
    Itself,
    /// It went without a word: it looked whether the port is open.
    Nothing,
}

/// Reads the header.
///
/// # Errors
/// Why there is no such header; the connection is of no use then.
pub(crate) async fn hear(from: &mut (impl AsyncRead + Unpin)) -> Result<Heard, String> {
    let header = timeout(PATIENCE, read(from)).await;
    let header = header.map_err(|_| format!("it did not come within {PATIENCE:?}"))?;
    match header.map_err(|error| error.to_string())? {
        Some(header) => address(&header),
        None => Ok(Heard::Nothing),
    }
}

async fn read(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Vec<u8>>> {
    let mut header = vec![0; FIXED];
    let first = from.read(&mut header).await?;
    if first == 0 {
        return Ok(None);
    }
    from.read_exact(&mut header[first..]).await?;
    if !header.starts_with(SIGNATURE) {
        let what = "what came is not the PROXY protocol, version 2";
        return Err(io::Error::new(io::ErrorKind::InvalidData, what));
    }
    let rest = usize::from(u16::from_be_bytes([header[14], header[15]]));
    if rest > REST_MAX {
        let what = format!("it claims {rest} octets, and {REST_MAX} are the most");
        return Err(io::Error::new(io::ErrorKind::InvalidData, what));
    }
    header.resize(FIXED + rest, 0);
    from.read_exact(&mut header[FIXED..]).await?;
    Ok(Some(header))
}

fn address(header: &[u8]) -> Result<Heard, String> {
    let header = Header::try_from(header).map_err(|error| error.to_string())?;
    match (header.command, header.addresses) {
        (Command::Local, _) | (_, Addresses::Unspecified) => Ok(Heard::Itself),
        (Command::Proxy, Addresses::IPv4(pair)) => {
            Ok(Heard::For((pair.source_address, pair.source_port).into()))
        }
        (Command::Proxy, Addresses::IPv6(pair)) => {
            Ok(Heard::For((pair.source_address, pair.source_port).into()))
        }
        (Command::Proxy, Addresses::Unix(_)) => Err("it names no address on the network".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As a balancer writes it: version and command, family, addresses.
    fn header(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let length = u16::try_from(rest.len()).expect("short").to_be_bytes();
        [&SIGNATURE[..], &[command, family], &length, rest].concat()
    }

    const IPV4: &[u8] = &[192, 0, 2, 7, 198, 51, 100, 1, 0x1F, 0x90, 0x0A, 0xD7];

    #[track_caller]
    fn check(octets: &[u8], expect: Result<Heard, &str>, left: &[u8]) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime");
        let mut from = octets;
        let heard = runtime.block_on(hear(&mut from));
        match (heard, expect) {
            (Ok(heard), Ok(expect)) => {
                assert_eq!(heard, expect);
                assert_eq!(from, left, "what is the customer's");
            }
            (Err(heard), Err(expect)) => assert!(heard.contains(expect), "{heard}"),
            (heard, expect) => panic!("{heard:?}, not {expect:?}"),
        }
    }

    #[test]
    fn the_address_is_read_and_nothing_behind_the_header() {
        let behind = |mut octets: Vec<u8>| {
            octets.extend_from_slice(b"bind");
            octets
        };
        let there = Ok(Heard::For(([192, 0, 2, 7], 8080).into()));
        check(&behind(header(0x21, 0x11, IPV4)), there, b"bind");
        // A value of the balancer's, such as a name that TLS was asked for, is passed over.
        let more = [IPV4, &[0x02, 0, 1, b'x']].concat();
        check(&behind(header(0x21, 0x11, &more)), there, b"bind");
        let mut six = [0; 36];
        (six[0], six[1], six[15], six[33]) = (0x20, 0x01, 0x07, 80);
        check(
            &header(0x21, 0x21, &six),
            Ok(Heard::For("[2001::7]:80".parse().expect("an address"))),
            b"",
        );
        check(&behind(header(0x20, 0x00, &[])), Ok(Heard::Itself), b"bind");
        check(
            &behind(header(0x20, 0x11, IPV4)),
            Ok(Heard::Itself),
            b"bind",
        );
        check(&header(0x21, 0x00, &[]), Ok(Heard::Itself), b"");
        check(b"", Ok(Heard::Nothing), b"");
    }

    #[test]
    fn what_is_no_header_is_refused() {
        let not_it = Err("not the PROXY protocol");
        check(&[0; 40], not_it, b"");
        check(
            b"PROXY TCP4 192.0.2.7 198.51.100.1 8080 2775\r\n",
            not_it,
            b"",
        );
        check(&header(0x21, 0x11, &IPV4[..11]), Err(""), b"");
        check(&header(0x31, 0x11, IPV4), Err(""), b"");
        check(&header(0x21, 0x31, &[b'/'; 216]), Err("no address"), b"");
        check(&header(0x21, 0x11, &[0; 5000]), Err("5000 octets"), b"");
    }

    #[test]
    fn no_octets_whatever_make_it_panic() {
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime");
        let whole = header(0x21, 0x11, &[IPV4, &[0x02, 0, 1, b'x']].concat());
        let mut heard = 0;
        for _ in 0..20_000 {
            let mut octets = whole.clone();
            for _ in 0..next() % 4 {
                let at = usize::try_from(next()).expect("64 bits") % octets.len();
                octets[at] = next().to_le_bytes()[0];
            }
            octets.truncate(usize::try_from(next()).expect("64 bits") % (octets.len() + 1));
            let it = runtime.block_on(hear(&mut octets.as_slice()));
            heard += u32::from(matches!(it, Ok(Heard::For(_))));
        }
        assert!(heard > 0, "some of them were still headers");
    }
}
