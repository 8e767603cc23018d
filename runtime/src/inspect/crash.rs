//! The dump that is left when the VM has failed: written once, by a thread of its own, for as long as it takes up to a limit.
//! Nobody knows what state the node is in, so this must not hang, and its failure is none.

use super::dump;
use crate::node::Node;
use std::fs::{self, File};
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

/// Leaves a dump, if the options say where: the path, if anything could be written.
pub fn leave(node: &Arc<Node>, why: &str) -> Option<PathBuf> {
    let path = node.options.crash_dump.clone()?;
    if node.dumped.swap(true, Ordering::SeqCst) {
        return None;
    }
    let (done, dones) = channel();
    let mut file = BufWriter::new(File::create(&path).ok()?);
    let (node, why) = (Arc::clone(node), why.to_owned());
    let work = move || {
        // What fails here, the file shows: it has no end.
        let _ = catch_unwind(AssertUnwindSafe(|| {
            let _ = dump::write(&node, &why, dump::USUAL, &mut file);
            let _ = file.flush();
        }));
        // Who waits no more has gone already.
        let _ = done.send(());
    };
    thread::Builder::new().name("rata-dump".into()).spawn(work).ok()?;
    let _ = dones.recv_timeout(LIMIT);
    let is_something_there = fs::metadata(&path).is_ok_and(|file| file.len() > 0);
    if !is_something_there {
        let _ = fs::remove_file(&path);
    }
    is_something_there.then_some(path)
}
