//! Reads regular files only: opening a FIFO would wait for its writer, and a device such as `/dev/zero` has no end.

use std::fs::{self, File, FileType, OpenOptions};
use std::io::{self, Read as _};
use std::path::Path;

use super::patience;

/// Opens a regular file for reading, without ever waiting. Any other kind of file is an error that names the kind.
pub(crate) fn open_regular(path: &Path) -> io::Result<File> {
    // Before it is opened, because that alone may act on a device.
    refuse_special(fs::metadata(path)?.file_type())?;
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, nonblocking());
    let file = patience::while_in_use(patience::IN_USE_FOR_READING, || options.open(path))?;
    // It may have been replaced in between.
    refuse_special(file.metadata()?.file_type())?;
    Ok(file)
}

/// The contents of a regular file of at most `limit` bytes.
pub(crate) fn read_regular(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    read_at_most(&open_regular(path)?, limit)
}

/// The rest of an open file, which has at most `limit` bytes.
pub(crate) fn read_at_most(file: &File, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).map_err(io::Error::other)? > limit {
        let text = format!("it has more than {} KiB", limit / 1024);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
    }
    Ok(bytes)
}

#[cfg(unix)]
fn nonblocking() -> i32 {
    use rustix::fs::OFlags;

    (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed()
}

fn refuse_special(kind: FileType) -> io::Result<()> {
    if kind.is_file() {
        return Ok(());
    }
    let text = format!("it is {}, and has to be a regular file", name(kind));
    Err(io::Error::new(io::ErrorKind::InvalidInput, text))
}

fn name(kind: FileType) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;

        if kind.is_fifo() {
            return "a FIFO";
        }
        if kind.is_socket() {
            return "a socket";
        }
        if kind.is_char_device() || kind.is_block_device() {
            return "a device";
        }
    }
    if kind.is_dir() { "a directory" } else { "a special file" }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::testing::TempFolder;

    #[test]
    fn ch_07_only_a_regular_file_is_read() {
        let temp = TempFolder::new();
        let at = |name: &str| temp.path().join(name);
        // By the command: rustix has no `mknodat` on macOS.
        assert!(std::process::Command::new("mkfifo").arg(at("fifo")).status().unwrap().success());
        symlink("/dev/zero", at("zero")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        for (path, kind) in [
            (at("fifo"), "a FIFO"),
            (at("zero"), "a device"),
            (at("socket"), "a socket"),
            (temp.path().to_owned(), "a directory"),
        ] {
            let error = read_regular(&path, 1024).unwrap_err();
            assert_eq!(error.to_string(), format!("it is {kind}, and has to be a regular file"));
        }
    }

    #[test]
    fn ch_07_a_file_above_the_limit_is_not_read() {
        let temp = TempFolder::new();
        let path = temp.path().join("file");
        fs::write(&path, vec![b'x'; 2048]).unwrap();
        assert_eq!(read_regular(&path, 2048).unwrap().len(), 2048);
        let error = read_regular(&path, 2047).unwrap_err();
        assert_eq!(error.to_string(), "it has more than 1 KiB");
    }
}
