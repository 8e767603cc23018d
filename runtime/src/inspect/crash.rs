//! The dump that is left when the VM has failed: written once, by a thread of its own, for as long as it takes up to a limit.
//! Nobody knows what state the node is in, so this must not hang, and its failure is none.

use super::dump;
use crate::node::Node;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

/// How long it may take.
const LIMIT: Duration = Duration::from_secs(5);

/// The file that a dump goes to unless the user says otherwise.
pub fn default_path() -> PathBuf {
    PathBuf::from(format!("rata-crash-{}.dump", std::process::id()))
}

/// Leaves a dump, if the options say where: the path, if that went well.
pub fn leave(node: &Arc<Node>, why: &str) -> Option<PathBuf> {
    let path = node.options.crash_dump.clone()?;
    if node.dumped.swap(true, Ordering::SeqCst) {
        return None;
    }
    let (done, dones) = channel();
    let (node, why) = (Arc::clone(node), why.to_owned());
    let work = move || {
        let written = catch_unwind(AssertUnwindSafe(|| {
            let mut file = BufWriter::new(File::create(&path).ok()?);
            dump::write(&node, &why, dump::USUAL, &mut file).ok()?;
            file.flush().ok()?;
            Some(path)
        }));
        // Who waits no more has told so already.
        let _ = done.send(written.ok().flatten());
    };
    thread::Builder::new().name("rata-dump".into()).spawn(work).ok()?;
    dones.recv_timeout(LIMIT).ok().flatten()
}
