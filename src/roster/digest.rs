//! One digest for the whole roster: what an operator accepts by name.

use std::collections::BTreeMap;

use super::intake::sha256_hex;
use super::model::RosterDigest;

/// SHA-256 over the lines `<name> <SHA-256 of its file>\n`, sorted by name. Names are source ids, `aliases`, `links`.
pub(super) fn of(files: &BTreeMap<&str, &str>) -> RosterDigest {
    let mut lines = String::new();
    for (name, sha256) in files {
        lines.push_str(name);
        lines.push(' ');
        lines.push_str(sha256);
        lines.push('\n');
    }
    RosterDigest(sha256_hex(lines.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_that_of_the_sorted_lines() {
        let files = BTreeMap::from([("hris", "b0"), ("aliases", "a0"), ("contractors", "c0")]);
        let expected = sha256_hex(b"aliases a0\ncontractors c0\nhris b0\n");
        assert_eq!(of(&files).0, expected);
    }
}
