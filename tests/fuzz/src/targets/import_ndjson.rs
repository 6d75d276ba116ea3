//! The native import format: the fast reader against the slow and obvious one.

use scan_contract::Cause;
use scan_import::{FileSettings, Format, Settings};

use crate::common::{File, Memory, Outcome, run as scan};
use crate::reference::{self, Expected};

pub(super) const HOLDS: &str = "records, gaps, proofs and times are those of an independent reader written with serde_json; \
    threads do not show; every line of the file is a record, a scope, a gap, or the end";

const PATH: &str = "crm.ndjson";
const LINE: usize = 2_000;

pub(super) fn run(bytes: &[u8]) {
    let one = read(bytes, 1);
    assert_eq!(known(&one), reference::read(PATH, bytes, LINE), "{}", String::from_utf8_lossy(bytes));
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

/// The parts of an outcome that the reference knows.
fn known(outcome: &Outcome) -> Expected {
    let scopes = outcome.scopes.iter().map(|(name, seen)| {
        let told = |cause: &Cause| match cause {
            Cause::UnknownWord { .. } => cause.to_string(),
            other => other.code().to_owned(),
        };
        let mut gaps: Vec<_> =
            seen.gaps.iter().map(|(part, cause)| (part.clone().unwrap_or_default(), told(cause))).collect();
        gaps.sort();
        (name.clone(), (seen.as_of, seen.proof.clone(), gaps))
    });
    Expected { scopes: scopes.collect(), accesses: outcome.accesses.clone() }
}
