//! Why a key file cannot be used.

use std::io;
use std::path::PathBuf;

/// Why a key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    #[error("is reached through {}, which belongs to user {owner}", path.display())]
    ForeignWay { path: PathBuf, owner: u32 },
    #[error("belongs to user {0}, who is neither root nor the user of this process")]
    ForeignOwner(u32),
    #[error("is reached through {}, which can be written to by others (mode {mode:04o})", path.display())]
    OpenFolder { path: PathBuf, mode: u32 },
    #[error("was replaced while it was read")]
    Replaced,
    #[error("is not a file")]
    NotAFile,
    #[error("can be read or changed by the group or by others (mode {0:04o})")]
    Mode(u32),
    #[error("cannot be read: {0}")]
    Unreadable(#[from] io::Error),
}

impl KeyFileError {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::ForeignWay { .. } => {
                "Links are followed only if all links and directories of the path belong to root or to the user of this process: change their owner, or give the path of the file itself."
            }
            Self::ForeignOwner(_) => {
                "Run keystiled as the user that owns the file, or give the file to the user that runs keystiled: chown."
            }
            Self::OpenFolder { .. } => {
                "Links are followed only if others cannot write to any directory of the path, except sticky directories of root: run chmod go-w on the directory, or give the path of the file itself."
            }
            Self::Replaced => "Try again.",
            Self::NotAFile => "Give the path of a file that contains the key.",
            Self::Mode(_) => {
                "Run chmod 600 on it; where Kubernetes mounts it, set defaultMode: 0400 on the volume. A group may read a file of root if it is a group of this process."
            }
            Self::Unreadable(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                "Run this as the user that owns it; in Kubernetes, set fsGroup in the securityContext of the pod."
            }
            Self::Unreadable(_) => "Give the path of a file that this process may read.",
        }
    }
}
