//! The files of the outcome log: the one that grows, and those that were put aside.
//!
//! `outcomes.jsonl` grows. Put aside it is called `outcomes-20261128T070102.123Z.jsonl`, after the time when that was, and soon
//! compressed, with `.gz` behind.

use std::fs;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;

const GROWS: &str = "outcomes.jsonl";
const ASIDE: &str = "outcomes-";
const PLAIN: &str = ".jsonl";
const COMPRESSED: &str = ".jsonl.gz";
/// Behind the name of what is being compressed.
const PARTIAL: &str = ".part";

/// A line is shorter than this.
const LINE_MAX: u64 = 64 << 10;

/// The file that grows.
#[derive(Debug)]
pub(super) struct File {
    file: fs::File,
    octets: u64,
    began: SystemTime,
    unsynced: bool,
}

impl File {
    /// Goes on with the file in `dir`, or begins it. The end of a line that a crash cut off is removed: the journal tells it again.
    pub(super) fn open(dir: &Path) -> io::Result<File> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir)?;
        let mut file = fs::OpenOptions::new()
            .create(true)
            .read(true)
            .append(true)
            .mode(0o600)
            .open(dir.join(GROWS))?;
        let meta = file.metadata()?;
        let octets = whole_lines(&mut file, meta.len())?;
        if octets < meta.len() {
            file.set_len(octets)?;
        }
        // Lines are not on the disk before the name of their file is.
        fs::File::open(dir)?.sync_all()?;
        let began = meta.created().or_else(|_| meta.modified())?;
        Ok(File {
            file,
            octets,
            began,
            unsynced: false,
        })
    }

    /// Appends whole lines, or nothing.
    pub(super) fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        if let Err(error) = self.file.write_all(lines) {
            // What cannot be cut off either is cut off when the file is opened again.
            let _ = self.file.set_len(self.octets);
            return Err(error);
        }
        self.octets += lines.len() as u64;
        self.unsynced |= !lines.is_empty();
        Ok(())
    }

    pub(super) fn sync(&mut self) -> io::Result<()> {
        if core::mem::take(&mut self.unsynced) {
            self.file.sync_data()?;
        }
        Ok(())
    }

    pub(super) fn octets(&self) -> u64 {
        self.octets
    }

    /// How long ago it was begun.
    pub(super) fn age(&self) -> Duration {
        self.began.elapsed().unwrap_or_default()
    }

    /// Gives it a name of its own.
    pub(super) fn put_aside(self, dir: &Path) -> io::Result<()> {
        let mut stamp = Timestamp::now().as_millisecond();
        let name = loop {
            let at = Timestamp::from_millisecond(stamp).unwrap_or_default();
            let name = format!("{ASIDE}{}", at.strftime("%Y%m%dT%H%M%S%.3fZ"));
            let taken = |end| dir.join(format!("{name}{end}")).exists();
            if !taken(PLAIN) && !taken(COMPRESSED) {
                break name;
            }
            stamp += 1;
        };
        fs::rename(dir.join(GROWS), dir.join(format!("{name}{PLAIN}")))
    }
}

/// Octets up to the end of the last whole line.
fn whole_lines(file: &mut fs::File, length: u64) -> io::Result<u64> {
    let from = length.saturating_sub(LINE_MAX);
    file.seek(SeekFrom::Start(from))?;
    let mut tail = Vec::new();
    file.take(LINE_MAX).read_to_end(&mut tail)?;
    let end = tail.iter().rposition(|&octet| octet == b'\n');
    Ok(end.map_or(from, |end| from + end as u64 + 1))
}

/// What becomes of files that were put aside: a thread of its own compresses them, and removes the oldest if they are too many.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    thread: Option<JoinHandle<()>>,
    due: bool,
}

impl Shelf {
    /// There may be something new to do.
    pub(super) fn look_again(&mut self) {
        self.due = true;
    }

    /// Has it done, if there is anything to do and nobody is at it.
    pub(super) fn tidy(&mut self, dir: &Path, bytes_max: u64) {
        if !self.due || self.thread.as_ref().is_some_and(|one| !one.is_finished()) {
            return;
        }
        self.due = false;
        let dir = dir.to_owned();
        let thread = std::thread::Builder::new()
            .name("outcome-files".into())
            .spawn(move || {
                if let Err(error) = tidy(&dir, bytes_max) {
                    let dir = dir.display();
                    tracing::warn!(%error, %dir, "old files of the outcome log stay as they are");
                }
            });
        self.thread = thread.ok();
    }
}

fn tidy(dir: &Path, bytes_max: u64) -> io::Result<()> {
    for path in aside(dir, PARTIAL)? {
        fs::remove_file(path)?;
    }
    for path in aside(dir, PLAIN)? {
        compress(&path)?;
    }
    let files = aside(dir, COMPRESSED)?;
    let sizes = files.iter().map(|path| Ok(fs::metadata(path)?.len()));
    let sizes = sizes.collect::<io::Result<Vec<u64>>>()?;
    let mut octets: u64 = sizes.iter().sum();
    for (path, size) in files.iter().zip(sizes) {
        if octets <= bytes_max {
            break;
        }
        fs::remove_file(path)?;
        octets -= size;
    }
    Ok(())
}

/// Files that were put aside and are called so at the end, oldest first.
fn aside(dir: &Path, end: &str) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if name.is_some_and(|name| name.starts_with(ASIDE) && name.ends_with(end)) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn compress(plain: &Path) -> io::Result<()> {
    let named = |end: &str| PathBuf::from(format!("{}{end}", plain.display()));
    let (partial, compressed) = (named(".gz.part"), named(".gz"));
    let file = fs::OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(&partial)?;
    let mut encoder = GzEncoder::new(BufWriter::new(file), Compression::default());
    io::copy(&mut fs::File::open(plain)?, &mut encoder)?;
    let file = encoder
        .finish()?
        .into_inner()
        .map_err(|error| error.into_error())?;
    file.sync_all()?;
    fs::rename(partial, compressed)?;
    fs::remove_file(plain)
}

#[cfg(test)]
mod tests {
    use flate2::read::GzDecoder;

    use super::*;

    /// A directory that goes with its owner.
    struct Dir(PathBuf);

    impl Dir {
        fn new(name: &str) -> Dir {
            let name = format!("bindery-outcomes-{name}-{}", std::process::id());
            let dir = std::env::temp_dir().join(name);
            let _ = fs::remove_dir_all(&dir);
            Dir(dir)
        }

        fn names(&self) -> Vec<String> {
            let names = fs::read_dir(&self.0).expect("a directory");
            let name = |entry: io::Result<fs::DirEntry>| entry.expect("an entry").file_name();
            let mut names: Vec<_> = names
                .map(|entry| name(entry).into_string().expect("a text"))
                .collect();
            names.sort();
            names
        }
    }

    impl Drop for Dir {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_line_that_a_crash_cut_off_is_removed() {
        let dir = Dir::new("torn");
        File::open(&dir.0)
            .and_then(|mut file| file.append(b"one\ntwo\nthr"))
            .expect("written");
        let mut file = File::open(&dir.0).expect("opened");
        assert_eq!(file.octets(), 8);
        file.append(b"four\n").expect("written");
        let text = fs::read_to_string(dir.0.join(GROWS)).expect("read");
        assert_eq!(text, "one\ntwo\nfour\n");
    }

    #[test]
    fn what_is_put_aside_is_compressed_and_the_oldest_go_first() {
        let dir = Dir::new("aside");
        for line in ["one\n", "two\n", "three\n"] {
            let mut file = File::open(&dir.0).expect("opened");
            file.append(line.as_bytes()).expect("written");
            file.put_aside(&dir.0).expect("put aside");
        }
        // A crash while one was compressed.
        fs::write(dir.0.join("outcomes-1.jsonl.gz.part"), "").expect("written");
        tidy(&dir.0, u64::MAX).expect("tidied");
        let names = dir.names();
        assert_eq!(names.len(), 3, "{names:?}");
        let text = |name: &String| {
            assert!(name.ends_with(COMPRESSED), "{name}");
            let mut text = String::new();
            let file = fs::File::open(dir.0.join(name)).expect("opened");
            GzDecoder::new(file)
                .read_to_string(&mut text)
                .expect("read");
            text
        };
        let texts: Vec<_> = names.iter().map(text).collect();
        assert_eq!(texts, ["one\n", "two\n", "three\n"]);

        let newest = fs::metadata(dir.0.join(&names[2])).expect("there").len();
        tidy(&dir.0, newest).expect("tidied");
        assert_eq!(dir.names(), names[2..]);
    }
}
