//! Messages that wait on the disk: a thread of its own writes, reads and removes their files, so that neither the engine nor the
//! journal waits for them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use directory::Directory;
use engine::{ColdDone, ColdTask, ConnectorId, CustomerId, Engine, Input, Inputs, RunId};
use journal::{ColdFiles, Journal};

use crate::mailbox::Inbox;
use crate::pulse::Pulse;

/// Without work it shows this often that it lives.
const BEAT: Duration = Duration::from_millis(500);

/// The engine thread's end of the thread.
#[derive(Debug)]
pub(crate) struct ColdThread {
    errands: Sender<Errand>,
    pulse: Pulse,
    thread: JoinHandle<()>,
}

#[derive(Debug)]
enum Errand {
    Task(ColdTask),
    Remove(RunId),
}

/// What can be done about a file that cannot be used.
const WAYS: &str = "put it back as it was, or start once with --give-up and its name: then the messages in it are lost";

/// The files of waiting messages: those that `engine` speaks of, and no others. Those that are `given_up` by an operator are set aside,
/// and the engine is told of them by what comes back.
///
/// # Errors
/// A sentence for the operator: one is missing or damaged, or one is given up that is neither.
pub(crate) fn open(
    journal: &Journal,
    engine: &Engine,
    directory: &Directory,
    given_up: &[PathBuf],
) -> Result<(ColdFiles, Inputs), String> {
    let files = journal.cold_files();
    let mut named: BTreeSet<u64> = engine.runs().map(|run| run.0).collect();
    let mut lost = Inputs::default();
    for file in given_up {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let number = <ColdFiles>::number(&name).ok_or_else(|| {
            let file = file.display();
            format!(
                "--give-up {file}: that is no file of waiting messages; their names end in .cold"
            )
        })?;
        let Some(counts) = engine.run(RunId(number)) else {
            tracing::warn!(?file, "no message waits in the file that is to be given up");
            continue;
        };
        if files.read(number).is_ok() {
            let file = file.display();
            return Err(format!(
                "--give-up {file}: it is not damaged; start without that"
            ));
        }
        files.set_aside(number).map_err(|error| error.to_string())?;
        tell_loss(file, counts, directory);
        named.remove(&number);
        lost.push(Input::Cold(ColdDone::Lost { run: RunId(number) }));
    }
    files
        .keep_only(&named)
        .map_err(|error| format!("messages wait in a file that cannot be used; {WAYS}: {error}"))?;
    Ok((files, lost))
}

/// Says how many messages are lost, and whose.
fn tell_loss(
    file: &Path,
    (connector, counts): (ConnectorId, Vec<(CustomerId, u32)>),
    directory: &Directory,
) {
    let (customers, connectors) = directory.numbers();
    let carrier = connectors.into_iter().find(|&(_, id)| id == connector);
    let carrier = carrier.map_or_else(|| connector.0.to_string(), |(name, _)| name.to_owned());
    let names: BTreeMap<_, _> = customers.into_iter().map(|(name, id)| (id, name)).collect();
    for (customer, messages) in counts {
        let number = customer.0.to_string();
        let customer = names.get(&customer).copied().unwrap_or(&number);
        tracing::error!(
            ?file,
            %carrier,
            %customer,
            messages,
            "messages are lost: the file in which they waited cannot be read and was given up"
        );
    }
}

impl ColdThread {
    /// Starts the thread, which answers into `inbox`.
    pub(crate) fn start(files: ColdFiles, inbox: Arc<Inbox>) -> std::io::Result<ColdThread> {
        let (errands, take) = channel();
        let pulse = Pulse::default();
        let beats = pulse.clone();
        let thread = std::thread::Builder::new()
            .name("cold".into())
            .spawn(move || run(&files, &take, &inbox, &beats))?;
        Ok(ColdThread {
            errands,
            pulse,
            thread,
        })
    }

    /// Its signs of life: a file that cannot be written or read stops them.
    pub(crate) fn pulse(&self) -> Pulse {
        self.pulse.clone()
    }

    /// Hands it work; leaves `tasks` empty. The engine asks for no more than a few files at a time.
    pub(crate) fn give(&self, tasks: &mut Vec<ColdTask>) {
        tasks
            .drain(..)
            .map(Errand::Task)
            .for_each(|errand| self.send(errand));
    }

    /// These files are not needed any more; leaves `runs` empty.
    pub(crate) fn remove(&self, runs: &mut Vec<RunId>) {
        runs.drain(..)
            .map(Errand::Remove)
            .for_each(|errand| self.send(errand));
    }

    fn send(&self, errand: Errand) {
        // The thread ends after this one, and a panic there has ended the process.
        let _ = self.errands.send(errand);
    }

    /// Does what was asked for, and ends.
    pub(crate) fn close(self) {
        drop(self.errands);
        // A panic there has ended the process.
        let _ = self.thread.join();
    }
}

fn run(files: &ColdFiles, errands: &Receiver<Errand>, inbox: &Inbox, pulse: &Pulse) {
    let mut inputs = Inputs::default();
    loop {
        pulse.beat();
        let errand = match errands.recv_timeout(BEAT) {
            Ok(errand) => errand,
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        let done = match errand {
            Errand::Task(ColdTask::Write { run, images }) => ColdDone::Write {
                run,
                written: write(files, run, &images),
            },
            Errand::Task(ColdTask::Read { run }) => match files.read(run.0) {
                Ok(images) => ColdDone::Read {
                    run,
                    images: inputs.put(&images),
                },
                // Its messages are nowhere else.
                Err(error) => {
                    tracing::error!("messages wait in a file that cannot be used; {WAYS}");
                    crate::exit::machine_failed(&error)
                }
            },
            Errand::Remove(run) => {
                if let Err(error) = files.remove(run.0) {
                    tracing::warn!(%error, "a file that is not needed any more is kept until the next start");
                }
                continue;
            }
        };
        inputs.push(Input::Cold(done));
        inbox.post(&mut inputs);
    }
}

/// Whether the file is there.
fn write(files: &ColdFiles, run: RunId, images: &[u8]) -> bool {
    let written = files.write(run.0, images);
    if let Err(error) = &written {
        tracing::warn!(%error, "messages that were to wait on the disk stay in memory");
    }
    written.is_ok()
}
