//! Documents cut or changed anywhere.

use proptest::prelude::*;
use scan_contract::{AccessKind, Cause};

use crate::kit::*;

fn cut(bytes: &mut Option<Vec<u8>>, at: usize) {
    bytes.as_mut().expect("a document").truncate(at);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn details_cut_anywhere_leave_a_gap_in_each_of_their_scopes(at in any::<prop::sample::Index>()) {
        let mut papers = papers("acme", ACME);
        let whole = papers.read();
        let length = String::from_utf8(papers.details.clone().expect("details")).expect("text").trim_end().len();
        cut(&mut papers.details, at.index(length));
        let seen = papers.read();
        for kind in DETAILS {
            prop_assert!(seen.has_gap(kind, |cause| matches!(cause, Cause::CutOff { .. })), "{kind}: {:?}", seen.gaps);
        }
        for access in &seen.records {
            let known = whole.find(access.grant_id.as_str()).is_some() || access.grant_id.as_str().contains("/group/");
            let by_arn = access.grant_id.as_str().contains(":user/") || access.grant_id.as_str().contains("assumerole");
            prop_assert!(known || by_arn, "{} was made up", access.grant_id);
        }
        each_scope_ends(&seen);
    }

    #[test]
    fn a_report_cut_anywhere_leaves_a_gap_in_each_scope_that_lost_something(at in any::<prop::sample::Index>()) {
        let mut papers = papers("acme", ACME);
        let whole = papers.read();
        let length = papers.report.as_ref().map_or(0, Vec::len);
        cut(&mut papers.report, at.index(length));
        let seen = papers.read();
        prop_assert!(!seen.gaps_of("iam.certificates").is_empty(), "the last cell is a certificate's");
        for kind in REPORT {
            let same = seen.in_scope(kind) == whole.in_scope(kind);
            prop_assert!(same || !seen.gaps_of(kind).is_empty(), "{kind} says nothing");
        }
        each_scope_ends(&seen);
    }

    #[test]
    fn key_lists_cut_anywhere_leave_a_gap_and_no_key_is_lost(at in any::<prop::sample::Index>()) {
        let mut papers = papers("acme", ACME);
        let text = String::from_utf8(fixture("acme", "access-keys.json")).expect("text");
        papers.keys = Some(text.into_bytes());
        let length = papers.keys.as_ref().map_or(0, |keys| String::from_utf8_lossy(keys).trim_end().len());
        cut(&mut papers.keys, at.index(length));
        let seen = papers.read();
        prop_assert!(!seen.gaps_of("iam.access-keys").is_empty());
        prop_assert!(seen.of_kind(AccessKind::AccessKey).len() >= 4, "the report still shows every key");
        prop_assert!(seen.is_whole("iam.passwords"), "the other scopes do not need the lists");
    }

    #[test]
    fn a_changed_byte_never_ends_a_scope_in_silence(at in any::<prop::sample::Index>(), byte: u8, which in 0_u8..3) {
        let mut papers = papers("acme", ACME);
        papers.keys = Some(fixture("acme", "access-keys.json"));
        let document = match which {
            0 => &mut papers.details,
            1 => &mut papers.report,
            _ => &mut papers.keys,
        };
        let bytes = document.as_mut().expect("a document");
        let at = at.index(bytes.len());
        bytes[at] = byte;
        each_scope_ends(&papers.read());
    }
}
