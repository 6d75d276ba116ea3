//! The file beside a roster that proves it whole: instant, rows, digest, coverage.

use chrono::DateTime;
use scan_contract::Instant;
use serde::Deserialize;

use super::settings::SourceCoverage;

/// Largest manifest that is read.
pub(super) const LARGEST: u64 = 64 * 1024;

#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawManifest {
    /// The instant the data describes, RFC 3339 with an offset.
    as_of: String,
    /// Number of data rows.
    rows: Option<u64>,
    /// SHA-256 of the file's bytes in hexadecimal.
    sha256: Option<String>,
    /// `full`, `leavers` or `active`.
    coverage: Option<RawCoverage>,
}

#[derive(Debug, Clone, Copy, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
enum RawCoverage {
    /// All people, all stints.
    Full,
    /// Only people who left.
    Leavers,
    /// Only people in employment.
    Active,
}

/// What a manifest says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Manifest {
    pub(super) as_of: Instant,
    pub(super) rows: Option<u64>,
    /// Lower-case hex.
    pub(super) sha256: Option<String>,
    pub(super) coverage: Option<SourceCoverage>,
}

impl Manifest {
    /// Reads a manifest, or says what is wrong with it. Line and column are 0 where they are not known.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, (usize, usize, String)> {
        let raw: RawManifest = serde_json::from_slice(bytes).map_err(|error| {
            (error.line(), error.column(), format!("expected an object with as_of, rows, sha256 and coverage: {error}"))
        })?;
        let as_of = DateTime::parse_from_rfc3339(&raw.as_of)
            .map_err(|_| (0, 0, "as_of: expected an RFC 3339 instant such as 2026-08-01T01:00:00Z".to_owned()))?
            .to_utc();
        let sha256 = match raw.sha256 {
            Some(digest) if digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                Some(digest.to_ascii_lowercase())
            }
            None => None,
            Some(_) => return Err((0, 0, "sha256: expected 64 hexadecimal digits".to_owned())),
        };
        let coverage = raw.coverage.map(|coverage| match coverage {
            RawCoverage::Full => SourceCoverage::Full,
            RawCoverage::Leavers => SourceCoverage::Leavers,
            RawCoverage::Active => SourceCoverage::Active,
        });
        Ok(Self { as_of, rows: raw.rows, sha256, coverage })
    }

    /// Whether it proves that the file is whole.
    pub(super) fn proves(&self) -> bool {
        self.rows.is_some() || self.sha256.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_says_when_how_many_and_what() {
        let digest = "AB".repeat(32);
        let text = format!(r#"{{"as_of":"2026-08-01T03:00:00+02:00","rows":3,"sha256":"{digest}","coverage":"full"}}"#);
        let manifest = Manifest::parse(text.as_bytes()).expect("a good manifest");
        assert_eq!(manifest.as_of.to_rfc3339(), "2026-08-01T01:00:00+00:00");
        assert_eq!((manifest.rows, manifest.coverage), (Some(3), Some(SourceCoverage::Full)));
        assert_eq!(manifest.sha256, Some("ab".repeat(32)));
        assert!(manifest.proves());
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, part) in [
            (r#"{"rows":3}"#, "as_of"),
            (r#"{"as_of":"2026-08-01"}"#, "RFC 3339"),
            (r#"{"as_of":"2026-08-01T00:00:00Z","sha256":"12"}"#, "64 hexadecimal"),
            (r#"{"as_of":"2026-08-01T00:00:00Z","coverage":"some"}"#, "coverage"),
            (r#"{"as_of":"2026-08-01T00:00:00Z","row":3}"#, "row"),
            ("", "expected an object"),
        ] {
            let (_, _, says) = Manifest::parse(text.as_bytes()).expect_err(text);
            assert!(says.contains(part), "{says}");
        }
    }
}
