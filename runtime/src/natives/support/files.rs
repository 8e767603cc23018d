//! Names for what goes wrong with files and programs.

use std::io::{Error, ErrorKind};

/// The symbol's text for an error of the system: `enoent`, `eacces` and their like.
pub fn reason(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::NotFound => "enoent",
        ErrorKind::PermissionDenied => "eacces",
        ErrorKind::AlreadyExists => "eexist",
        ErrorKind::IsADirectory => "eisdir",
        ErrorKind::NotADirectory => "enotdir",
        ErrorKind::DirectoryNotEmpty => "enotempty",
        ErrorKind::StorageFull => "enospc",
        ErrorKind::ReadOnlyFilesystem => "erofs",
        ErrorKind::FileTooLarge => "efbig",
        ErrorKind::BrokenPipe => "epipe",
        ErrorKind::InvalidInput | ErrorKind::InvalidFilename => "einval",
        ErrorKind::OutOfMemory => "enomem",
        _ => "eio",
    }
}
