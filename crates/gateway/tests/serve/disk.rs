//! A disk that is really full: a small file system of its own, which takes root to mount.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use smpp::command;
use smpp::pdu::Pdu;
use smpp::status;

use crate::carriers::{arrive, centre};
use crate::client::Client;
use crate::gateway::{Dir, Gateway};

const MIB: u64 = 1 << 20;

/// The page's marks, and segments that fit on the small disk.
fn config() -> String {
    const PAGE: &str = include_str!("../../../../docs/manual/running.md");
    let (_, rest) = PAGE.split_once("\n## A full disk\n").expect("the heading");
    let (_, rest) = rest.split_once("```toml\n").expect("a section");
    let (marks, _) = rest.split_once("```").expect("its end");
    format!("{marks}journal_segment = \"1 MiB\"\n")
}

/// Records about so many do not fit into what is left of a block that is in use.
const MESSAGES: usize = 300;

/// A file system in memory; gone when dropped.
pub(crate) struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts it; nothing, with a notice, where that is not allowed.
    pub(crate) fn mount(at: &Path, octets: u64) -> Option<SmallDisk> {
        fs::create_dir_all(at).expect("a directory");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={octets}"), "tmpfs"])
            .arg(at)
            .output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(SmallDisk(at.to_owned()));
        }
        // Past the test's capture: that it did not run is to be seen.
        let notice = "not run: a small tmpfs cannot be mounted here (it takes root)\n";
        let _ = std::io::stderr().write_all(notice.as_bytes());
        None
    }

    fn free(&self) -> u64 {
        let stat = rustix::fs::statvfs(&self.0).expect("a file system");
        stat.f_bavail * stat.f_frsize
    }

    /// Somebody else's file grows until only so much is left.
    pub(crate) fn leave(&self, octets: u64) {
        let surplus = self.free().saturating_sub(octets);
        let file = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.somebody_elses());
        let zeros = vec![0; usize::try_from(surplus).expect("it is small")];
        let written = file.and_then(|mut file| file.write_all(&zeros));
        written.expect("there was room for it");
    }

    /// The file is gone.
    pub(crate) fn clear(&self) {
        fs::remove_file(self.somebody_elses()).expect("it was there");
    }

    fn somebody_elses(&self) -> PathBuf {
        self.0.join("core.dump")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // The gateway may still be on its way out of it.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_refuses_what_is_new_and_loses_nothing_that_was_accepted() {
    let dir = Dir::new("full");
    let Some(disk) = SmallDisk::mount(&dir.path().join("data"), 64 * MIB) else {
        return;
    };
    let (listener, url) = centre("window=1000");
    let gateway = Gateway::start_with(&dir, &config(), &["--carrier", &url]);
    let (mut carrier, bind) = arrive(&listener);
    carrier.accept_bind(&bind);
    let mut customer = Client::bound(gateway.smpp, "demo", "demopass");
    // Endings of 1000 and more are ordinary numbers.
    let to = |n: usize| format!("44770090{:04}", 1000 + n);
    let sent: Vec<_> = (0..MESSAGES)
        .map(|n| {
            assert_eq!(customer.submitted(&to(n), "hello"), status::OK);
            carrier.next_of(command::SUBMIT_SM)
        })
        .collect();

    // Below the first mark new messages are refused, and what becomes of the others is still written down.
    disk.leave(10 * MIB);
    gateway.logged("room=Low");
    gateway.counted("bindery_disk_level", 1);
    assert_eq!(customer.submitted(&to(0), "new"), status::RMSGQFUL);
    carrier.take(&sent[0], "id0");
    assert_eq!(carrier.report("id0", &to(0)), status::OK);
    take_receipt(&mut customer);

    // Not one block is free: outcomes go into the reserve, and only receipts have to come again.
    disk.leave(0);
    gateway.logged("room=Scarce");
    gateway.counted("bindery_disk_level", 2);
    for (n, message) in sent.iter().enumerate().skip(1) {
        carrier.take(message, &format!("id{n}"));
    }
    gateway.logged("room=Reserve");
    gateway.counted("bindery_disk_level", 3);
    assert_eq!(customer.submitted(&to(0), "new"), status::RMSGQFUL);
    assert_eq!(carrier.report("id1", &to(1)), status::RX_T_APPN);

    // There is room again, and everything goes on by itself.
    disk.clear();
    gateway.logged("room=Ample");
    gateway.counted("bindery_disk_level", 0);
    for n in 1..MESSAGES {
        assert_eq!(carrier.report(&format!("id{n}"), &to(n)), status::OK);
        take_receipt(&mut customer);
    }
    assert_eq!(customer.submitted(&to(0), "afterwards"), status::OK);
    carrier.next_of(command::SUBMIT_SM);

    gateway.kill();
    let gateway = Gateway::start_with(&dir, &config(), &["--carrier", &url]);
    let (mut carrier, bind) = arrive(&listener);
    carrier.accept_bind(&bind);
    let message = carrier.next_of(command::SUBMIT_SM);
    let Pdu::SubmitSm(sm) = message.pdu() else {
        panic!("{message:?}");
    };
    assert_eq!(sm.short_message, b"afterwards");
    drop(gateway);
}

fn take_receipt(customer: &mut Client) {
    let receipt = customer.next_of(command::DELIVER_SM);
    customer.acknowledge(&receipt);
}
