//! The file beside an imported table that proves it whole.

use std::fmt::Write as _;

use scan_contract::{AccessKind, Cause, ScopeName, ScopeState};
use scan_import::{CsvSettings, Field, FileSettings, Format, Settings};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::common::{File, Memory, run as scan};

pub(super) const HOLDS: &str = "a table is complete only with a manifest that another reader finds to speak of exactly its rows or \
    its bytes, and of an instant; no scanner's own mistake";

const TABLE: &[u8] = b"id,state\nu-1,on\nu-2,off\n";

pub(super) fn run(bytes: &[u8]) {
    let mut csv = CsvSettings::new(ScopeName::from("accounts"), AccessKind::Account);
    csv.manifest = Some("users.meta.json".into());
    csv.columns.insert(Field::GrantId, "id".to_owned());
    csv.columns.insert(Field::Status, "state".to_owned());
    let words =
        [("enabled", "on"), ("disabled", "off")].map(|(ours, theirs)| (ours.to_owned(), vec![theirs.to_owned()]));
    csv.values.insert(Field::Status, words.into());
    let documents = Memory(
        [("users.csv".into(), File::Bytes(TABLE.to_vec())), ("users.meta.json".into(), File::Bytes(bytes.to_vec()))]
            .into(),
    );
    let mut settings = Settings::new("crm".into());
    settings.files = vec![FileSettings { path: "users.csv".into(), format: Format::Csv(Box::new(csv)) }];
    let outcome = scan(&settings, &documents);
    assert_eq!(outcome.ids(), ["u-1", "u-2"], "the rows are there, whatever the manifest says");
    for (_, cause) in outcome.scopes.values().flat_map(|seen| &seen.gaps) {
        assert!(!matches!(cause, Cause::Bug { .. }), "{cause}");
    }
    if outcome.state("accounts") != ScopeState::Complete {
        return;
    }
    let manifest: Value = serde_json::from_slice(bytes).expect("complete with a manifest that is no JSON");
    assert!(manifest["as_of"].is_string(), "complete without an instant: {manifest}");
    let mut digest = String::new();
    for byte in Sha256::digest(TABLE) {
        write!(digest, "{byte:02x}").expect("memory");
    }
    assert_eq!(manifest["rows"].as_u64(), Some(2), "complete with other rows");
    let told = manifest["sha256"].as_str().expect("complete without a digest");
    assert!(told.eq_ignore_ascii_case(&digest), "complete with another digest: {told}");
}
