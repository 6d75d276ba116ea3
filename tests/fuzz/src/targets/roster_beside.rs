//! What stands beside a roster: its manifest, the aliases, the reviewed links.

use holdover::roster::settings::SourceFormat;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::help::host::hex;
use crate::help::roster::{Files, check};
use crate::help::{problems, variant};

pub(super) const HOLDS: &str = "a manifest, an alias file or a links file that cannot be read keeps the roster out of force; a \
    manifest that another reader finds to speak of other rows or bytes does too; mistakes lie in the text; the same twice";

const ROSTER: &[u8] = b"person_id,stint,employment_type,status,display_name,work_email,start_date,end_date\n\
    p-1,1,employee,active,Ana,ana@acme.example,2020-01-01,\n\
    p-2,1,employee,ended,Bob,bob@acme.example,2020-01-01,2026-05-31\n";

pub(super) fn run(bytes: &[u8]) {
    let (choice, bytes) = variant(bytes);
    let mut files = Files::new(SourceFormat::Csv, ROSTER);
    let name = match choice {
        b'a' => {
            files.aliases = Some(bytes);
            "aliases.csv"
        }
        b'l' => {
            files.links = Some(bytes);
            "links.yaml"
        }
        _ => {
            files.manifest = Some(bytes);
            "hris.meta.json"
        }
    };
    let loaded = check(&files);
    if let Ok(text) = std::str::from_utf8(bytes) {
        let of_file: Vec<_> =
            loaded.problems.iter().filter(|problem| problem.file.as_os_str() == name).cloned().collect();
        problems::check(text, &of_file);
    } else {
        assert!(loaded.roster.is_none(), "in force with bytes that are no text in {name}");
    }
    if choice == b'a' || choice == b'l' || loaded.roster.is_none() {
        return;
    }
    let manifest: Value = serde_json::from_slice(bytes).expect("in force with a manifest that is no JSON");
    assert!(manifest["as_of"].is_string(), "in force without an instant: {manifest}");
    if let Some(rows) = manifest.get("rows").filter(|rows| !rows.is_null()) {
        assert_eq!(rows.as_u64(), Some(2), "in force with other rows");
    }
    if let Some(digest) = manifest.get("sha256").filter(|digest| !digest.is_null()) {
        let digest = digest.as_str().expect("in force with a digest that is no text");
        assert!(digest.eq_ignore_ascii_case(&hex(&Sha256::digest(ROSTER))), "in force with another digest");
    }
}
