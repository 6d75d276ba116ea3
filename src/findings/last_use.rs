//! Whether a grant was used after the end of access. Five answers, because a coarse or missing time decides nothing.

use scan_contract::{Access, AccessKind, Fact, Holder, Instant, Moment, Relation};

use super::UsedAfterEnd;
use crate::roster::AccessEnd;

/// Compares the last use with the end of access.
///
/// The true last use lies in `[t, t + precision)`. It is after the end only if even its earliest instant is at or
/// after the latest the end can be, and before it only if its latest instant is not after the earliest the end can be.
pub fn used_after_end(last_use: &Fact<Moment>, end: &AccessEnd) -> UsedAfterEnd {
    match last_use {
        Fact::None => UsedAfterEnd::Never,
        Fact::Hidden(_) => UsedAfterEnd::NotKnown,
        Fact::Known(moment) if moment.certainly_at_or_after(end.latest) => UsedAfterEnd::After,
        Fact::Known(moment) if moment.certainly_before(end.earliest) => UsedAfterEnd::Before,
        Fact::Known(_) => UsedAfterEnd::Undecided,
    }
}

/// The same for somebody who came back at `rehired_at`: a last use after the return says nothing of the gap before it,
/// so only a use that certainly lies inside the gap is one after the end.
pub fn used_before_return(last_use: &Fact<Moment>, end: &AccessEnd, rehired_at: Option<Instant>) -> UsedAfterEnd {
    match (used_after_end(last_use, end), last_use, rehired_at) {
        (UsedAfterEnd::After, Fact::Known(moment), Some(back)) if !moment.certainly_before(back) => {
            UsedAfterEnd::Undecided
        }
        (used, ..) => used,
    }
}

/// The last use by this person, as opposed to use of the grant by others.
///
/// A pipeline that runs as somebody, or a service key that somebody once made, is used by machines; that is not the
/// person. Their own last use counts only where the source names it for them, or where they hold the grant. Somebody may
/// stand on a grant more than once: their latest use counts.
pub fn last_use_by<'a>(access: &Access, own: impl Iterator<Item = &'a Holder>, relations: &[Relation]) -> Fact<Moment> {
    if let Some(moment) = own.filter_map(|holder| holder.last_at).max_by_key(|moment| moment.at) {
        return Fact::Known(moment);
    }
    if (relations.is_empty() || relations.contains(&Relation::Holder)) && access.kind != AccessKind::Automation {
        return access.last_used_at.clone();
    }
    Fact::Hidden(String::from("the source does not say whether this person or somebody else used it"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::roster::EndSource;

    fn at(text: &str) -> Instant {
        text.parse().expect("a test writes valid instants")
    }

    fn end(earliest: &str, latest: &str) -> AccessEnd {
        AccessEnd {
            at: at(earliest),
            earliest: at(earliest),
            latest: at(latest),
            source: EndSource::EndDate,
            zone: Arc::from("Europe/Berlin"),
            zone_is_default: earliest != latest,
            known_at: None,
        }
    }

    #[test]
    fn an_exact_use_is_after_before_or_at_the_end() {
        let end = end("2026-07-31T22:00:00Z", "2026-07-31T22:00:00Z");
        let judge = |text: &str| used_after_end(&Fact::Known(Moment::exact(at(text))), &end);
        assert_eq!(judge("2026-07-31T22:00:00Z"), UsedAfterEnd::After);
        assert_eq!(judge("2026-07-31T21:59:59Z"), UsedAfterEnd::Before);
    }

    #[test]
    fn a_coarse_use_that_overlaps_the_end_is_undecided() {
        let end = end("2026-07-31T22:00:00Z", "2026-07-31T22:00:00Z");
        let coarse = |text: &str| used_after_end(&Fact::Known(Moment::within(at(text), 900)), &end);
        assert_eq!(coarse("2026-07-31T21:50:00Z"), UsedAfterEnd::Undecided);
        assert_eq!(coarse("2026-07-31T21:45:00Z"), UsedAfterEnd::Before);
        assert_eq!(coarse("2026-07-31T22:00:00Z"), UsedAfterEnd::After);
    }

    #[test]
    fn an_end_known_as_an_interval_asks_for_its_far_side() {
        let end = end("2026-07-31T10:00:00Z", "2026-08-01T12:00:00Z");
        let judge = |text: &str| used_after_end(&Fact::Known(Moment::exact(at(text))), &end);
        assert_eq!(judge("2026-07-31T09:59:59Z"), UsedAfterEnd::Before);
        assert_eq!(judge("2026-07-31T23:00:00Z"), UsedAfterEnd::Undecided);
        assert_eq!(judge("2026-08-01T12:00:00Z"), UsedAfterEnd::After);
    }

    #[test]
    fn a_use_after_the_return_says_nothing_of_the_gap() {
        let end = end("2024-03-31T22:00:00Z", "2024-03-31T22:00:00Z");
        let judge = |text: &str| {
            used_before_return(&Fact::Known(Moment::exact(at(text))), &end, Some(at("2025-01-06T23:00:00Z")))
        };
        assert_eq!(judge("2024-05-01T08:00:00Z"), UsedAfterEnd::After);
        assert_eq!(judge("2025-01-06T23:00:00Z"), UsedAfterEnd::Undecided);
        assert_eq!(judge("2024-03-01T08:00:00Z"), UsedAfterEnd::Before);
    }

    #[test]
    fn not_said_is_not_never() {
        let end = end("2026-07-31T22:00:00Z", "2026-07-31T22:00:00Z");
        assert_eq!(used_after_end(&Fact::None, &end), UsedAfterEnd::Never);
        assert_eq!(used_after_end(&Fact::not_given(), &end), UsedAfterEnd::NotKnown);
    }

    #[test]
    fn the_use_of_a_pipeline_is_not_the_use_of_the_person_it_runs_as() {
        let mut job =
            Access::new("jobs".into(), AccessKind::Automation, "job-1".into(), scan_contract::Status::Enabled);
        job.last_used_at = Fact::Known(Moment::exact(at("2026-08-05T00:00:00Z")));
        assert!(last_use_by(&job, std::iter::empty(), &[Relation::RunAs]).is_hidden());
        let mut holder = Holder::new(Relation::RunAs);
        holder.last_at = Some(Moment::exact(at("2026-07-01T00:00:00Z")));
        assert_eq!(
            last_use_by(&job, std::iter::once(&holder), &[Relation::RunAs]),
            Fact::Known(Moment::exact(at("2026-07-01T00:00:00Z")))
        );
    }
}
