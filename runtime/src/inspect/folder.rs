//! Where the sockets of running nodes lie: in a folder that only their owner can enter.

use crate::node::LONGEST_NAME;
use rustix::process::getuid;
use std::fs::{self, DirBuilder, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// The folder, made if it is missing. One that others can enter, or that is somebody else's, is refused.
pub fn folder() -> io::Result<PathBuf> {
    let own = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let path = match own.filter(|path| path.is_absolute() && path.is_dir()) {
        Some(path) => path.join("rata"),
        None => std::env::temp_dir().join(format!("rata-{}", getuid().as_raw())),
    };
    match DirBuilder::new().mode(0o700).create(&path) {
        Err(e) if e.kind() != ErrorKind::AlreadyExists => return Err(named(&path, &e)),
        _ => {}
    }
    let meta = fs::symlink_metadata(&path).map_err(|e| named(&path, &e))?;
    if !meta.is_dir() || meta.uid() != getuid().as_raw() || meta.mode() & 0o077 != 0 {
        let text = format!("{} must be a folder that is yours alone (mode 0700)", path.display());
        return Err(io::Error::new(ErrorKind::PermissionDenied, text));
    }
    Ok(path)
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// A running node, as its socket tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its number in the system.
    pub os_pid: u32,
    /// The name it was started with.
    pub name: String,
    /// Its socket.
    pub path: PathBuf,
}

fn parse(path: PathBuf) -> Option<Found> {
    let stem = path.file_name()?.to_str()?.strip_suffix(".sock")?;
    let (pid, name) = stem.split_once('-')?;
    Some(Found { os_pid: pid.parse().ok()?, name: name.to_owned(), path: path.clone() })
}

/// The nodes that run. What is left of those that have ended without tidying up is removed.
pub fn nodes() -> io::Result<Vec<Found>> {
    let mut found: Vec<Found> =
        fs::read_dir(folder()?)?.flatten().filter_map(|entry| parse(entry.path())).collect();
    found.retain(|node| match UnixStream::connect(&node.path) {
        Err(e) if matches!(e.kind(), ErrorKind::ConnectionRefused | ErrorKind::NotFound) => {
            // Another may have removed it already.
            let _ = fs::remove_file(&node.path);
            false
        }
        _ => true,
    });
    found.sort_by_key(|node| node.os_pid);
    Ok(found)
}

/// A socket that is removed when this is dropped.
pub struct Socket {
    /// Where it is.
    pub path: PathBuf,
}

impl Drop for Socket {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// A name that can stand in a file's.
fn file_name(name: &str) -> String {
    let name: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' })
        .take(LONGEST_NAME)
        .collect();
    if name.is_empty() { "node".to_owned() } else { name }
}

/// Opens the socket of this process.
pub fn open(name: &str) -> io::Result<(UnixListener, Socket)> {
    let path = folder()?.join(format!("{}-{}.sock", std::process::id(), file_name(name)));
    // Whoever had this number before has ended.
    let _ = fs::remove_file(&path);
    let listener = UnixListener::bind(&path).map_err(|e| named(&path, &e))?;
    let socket = Socket { path };
    fs::set_permissions(&socket.path, Permissions::from_mode(0o600))?;
    Ok((listener, socket))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_file_names() {
        assert_eq!(file_name("my app/server.rata"), "my_app_server.rata");
        assert_eq!(file_name(""), "node");
        assert_eq!(file_name(&"x".repeat(500)).len(), LONGEST_NAME);
        let found = parse(PathBuf::from("/tmp/rata-0/12-my-app.sock")).unwrap();
        assert_eq!((found.os_pid, found.name.as_str()), (12, "my-app"));
        assert_eq!(parse(PathBuf::from("/tmp/rata-0/x.sock")), None);
        assert_eq!(parse(PathBuf::from("/tmp/rata-0/12-x")), None);
    }
}
