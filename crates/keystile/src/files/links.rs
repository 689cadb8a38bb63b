//! Symbolic links in place of files, as made by dotfile managers and by homes that share one file.

use std::fs;
use std::path::{Path, PathBuf};

/// The number of links that are followed: that of Linux. Opening a longer chain then fails with `ELOOP`.
const LONGEST_CHAIN: usize = 40;

/// The file that a path leads to: the path itself unless it is a symbolic link. The target may not exist yet.
///
/// Everything beside the file, such as its lock and its temporary file, belongs beside the target: a rename over the link
/// would leave two copies of one session, and the second refresh of the same token would end it as stolen.
pub(crate) fn resolved(path: &Path) -> PathBuf {
    let mut file = path.to_owned();
    for _ in 0..LONGEST_CHAIN {
        let (Ok(target), Some(folder)) = (fs::read_link(&file), file.parent()) else { break };
        file = folder.join(target);
    }
    match (file.parent().map(fs::canonicalize), file.file_name()) {
        // Without `..`, so that the path can be shown. Of a path without links, every part stays as the user wrote it.
        (Some(Ok(folder)), Some(name)) if file != path => folder.join(name),
        (_, _) => file,
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::files::write_private;
    use crate::testing::TempFolder;

    #[test]
    fn ch_08_a_chain_of_links_leads_to_its_last_target_which_may_not_exist() {
        let temp = TempFolder::new();
        let at = |name: &str| temp.path().join(name);
        for folder in ["a", "b"] {
            fs::create_dir(at(folder)).unwrap();
        }
        symlink("../b/second", at("a/first")).unwrap();
        symlink("target", at("b/second")).unwrap();
        let target = fs::canonicalize(temp.path()).unwrap().join("b/target");
        assert_eq!(resolved(&at("a/first")), target);
        assert_eq!(resolved(&at("a/none")), at("a/none"));
        symlink("loop", at("loop")).unwrap();
        assert_eq!(resolved(&at("loop")).file_name().unwrap(), "loop");
    }

    #[test]
    fn ch_08_a_write_through_a_link_keeps_the_link() {
        let temp = TempFolder::new();
        let (link, target) = (temp.path().join("link"), temp.path().join("folder/target"));
        symlink(&target, &link).unwrap();
        for bytes in [b"first", b"other"] {
            write_private(&link, bytes).unwrap();
            assert_eq!(fs::read(&target).unwrap(), bytes);
            assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        }
        assert_eq!(
            fs::read_dir(temp.path()).unwrap().count(),
            2,
            "no temporary file is left beside the link"
        );
        assert_eq!(fs::read_dir(temp.path().join("folder")).unwrap().count(), 1);
    }
}
