//! What the disk costs: appends with their fdatasync, and replay.
//!
//! `cargo bench -p journal` begins with the raw latency of an fdatasync on the same disk, below
//! which no append can be.

use std::path::PathBuf;

use divan::{Bencher, counter::BytesCount};
use journal::{Journal, Options, Position, disk_sync_latency};

fn main() {
    let dir = directory("raw");
    let latency = disk_sync_latency(&dir, 2000).expect("the disk works");
    #[expect(clippy::print_stdout, reason = "a benchmark tells its figures")]
    {
        println!("raw append of 4 KiB and fdatasync: {latency}");
    }
    divan::main();
}

fn directory(name: &str) -> PathBuf {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).expect("the disk works");
    dir
}

fn options() -> Options {
    Options {
        reserve_bytes: 0,
        ..Options::default()
    }
}

/// One batch: one write, one fdatasync.
#[divan::bench(args = [4 << 10, 64 << 10, 256 << 10, 1 << 20], sample_count = 500, sample_size = 1)]
fn append(bencher: Bencher<'_, '_>, bytes: usize) {
    let (mut journal, _) = Journal::open(directory("append"), &options()).expect("opens");
    let records = vec![0x5A; bytes];
    bencher.counter(BytesCount::new(bytes)).bench_local(|| {
        let next = Position(journal.end().0 + 1);
        journal.append(next, &records).expect("the disk works")
    });
}

/// Reading and checking 512 MiB that the page cache holds.
#[divan::bench(args = [4 << 10, 64 << 10, 1 << 20], sample_count = 5, sample_size = 1)]
fn replay(bencher: Bencher<'_, '_>, bytes: usize) {
    const TOTAL: usize = 512 << 20;
    let dir = directory("replay");
    let (mut journal, _) = Journal::open(&dir, &options()).expect("opens");
    let records = vec![0x5A; bytes];
    for position in 1..=(TOTAL / bytes) as u64 {
        journal
            .append(Position(position), &records)
            .expect("the disk works");
    }
    bencher.counter(BytesCount::new(TOTAL)).bench_local(|| {
        let mut batches = journal.read(Position(0)).expect("nothing was trimmed");
        let mut read = 0;
        while let Some(batch) = batches.next().expect("the disk works") {
            read += batch.records.len();
        }
        assert_eq!(read, TOTAL);
    });
}

/// 200 octets, as a body is read back, from anywhere in 256 MiB.
#[divan::bench(args = [4 << 10, 256 << 10])]
fn read_at(bencher: Bencher<'_, '_>, bytes: usize) {
    const TOTAL: usize = 256 << 20;
    let (mut journal, _) = Journal::open(directory("read_at"), &options()).expect("opens");
    let records = vec![0x5A; bytes];
    for position in 1..=(TOTAL / bytes) as u64 {
        journal
            .append(Position(position), &records)
            .expect("the disk works");
    }
    let mut offset = 0_u64;
    let mut body = [0; 200];
    bencher.bench_local(|| {
        offset = (offset + 0x9E37_79B1) % (TOTAL - body.len()) as u64;
        journal.read_at(offset, &mut body).expect("it was appended");
    });
}

/// Opening after a crash: the last segment is read whole.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn open(bencher: Bencher<'_, '_>) {
    let dir = directory("open");
    let (mut journal, _) = Journal::open(&dir, &options()).expect("opens");
    let records = vec![0x5A; 256 << 10];
    for position in 1..=255 {
        journal
            .append(Position(position), &records)
            .expect("the disk works");
    }
    drop(journal);
    bencher.bench_local(|| Journal::open(&dir, &options()).expect("opens"));
}
