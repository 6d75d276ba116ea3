//! Comparing with files that are part of the tree. `UPDATE_GOLDEN=1` writes them instead, and the test still fails once,
//! so that nobody updates them unawares.

use std::path::Path;

/// What differs between `found` and the file; `None` where they agree.
pub fn difference(path: &Path, found: &[u8]) -> Option<String> {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let stored = path.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| std::fs::write(path, found));
        return Some(match stored {
            Ok(()) => format!("{} was written; run again without UPDATE_GOLDEN", path.display()),
            Err(error) => format!("{} could not be written: {error}", path.display()),
        });
    }
    match std::fs::read(path) {
        Ok(expected) if expected == found => None,
        Ok(expected) => Some(format!("{}: {}", path.display(), first_difference(&expected, found))),
        Err(error) => Some(format!("{} cannot be read: {error}; UPDATE_GOLDEN=1 writes it", path.display())),
    }
}

fn first_difference(expected: &[u8], found: &[u8]) -> String {
    let (expected, found) = (String::from_utf8_lossy(expected), String::from_utf8_lossy(found));
    for (at, (left, right)) in expected.lines().zip(found.lines()).enumerate() {
        if left != right {
            return format!("line {}:\n  expected {left}\n  found    {right}", at + 1);
        }
    }
    let size = |text: &str| format!("{} lines and {} bytes", text.lines().count(), text.len());
    format!("expected {}, found {}", size(&expected), size(&found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_bytes_say_nothing_and_others_name_the_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("golden.txt");
        std::fs::write(&path, "one\ntwo\n").expect("a file");
        assert_eq!(difference(&path, b"one\ntwo\n"), None);
        assert!(difference(&path, b"one\nthree\n").expect("a difference").contains("line 2"));
        assert!(difference(&path, b"one\ntwo\nthree\n").expect("a difference").contains("3 lines"));
        assert!(difference(&folder.path().join("none"), b"").expect("a difference").contains("cannot be read"));
    }
}
