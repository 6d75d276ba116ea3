//! The native import format: the fast reader against the slow and obvious one.

use scan_import::{FileSettings, Format, Settings};

use crate::common::{File, Memory, Outcome, run as scan};
use crate::reference::{self, Expected};

pub(super) const HOLDS: &str = "records, gaps, proofs and times are those of an independent reader written with serde_json; \
    threads do not show; every line of the file is a record, a scope, a gap, or the end";

const PATH: &str = "crm.ndjson";
const LINE: usize = 2_000;

pub(super) fn run(bytes: &[u8]) {
    let one = read(bytes, 1);
    assert_eq!(Expected::of(&one), reference::read(PATH, bytes, LINE), "{}", String::from_utf8_lossy(bytes));
    if bytes.len().is_multiple_of(4) {
        assert_eq!(read(bytes, 3), one, "threads must not show");
    }
}

fn read(bytes: &[u8], threads: usize) -> Outcome {
    let documents = Memory([(PATH.into(), File::Bytes(bytes.to_vec()))].into());
    let mut settings = Settings::new("crm".into());
    settings.files = vec![FileSettings { path: PATH.into(), format: Format::Ndjson }];
    settings.limits.line_bytes = LINE;
    settings.limits.chunk_bytes = LINE + 100;
    settings.threads = threads;
    scan(&settings, &documents)
}
