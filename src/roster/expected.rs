//! Departures that were announced: they are no surprise to the gate that looks for mass departures (ROS-5).

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::model::{AccessEnd, Stint};
use super::settings::ExpectedBatch;
use super::zones::Zone;

/// How many of these newly ended stints were announced. A batch covers at most the number it names: whoever comes on
/// top is a surprise.
pub(super) fn announced<'a>(expected: &[ExpectedBatch], ended: impl Iterator<Item = &'a Stint>) -> u64 {
    let mut met: BTreeMap<usize, u64> = BTreeMap::new();
    for stint in ended {
        let Some(end) = &stint.end else { continue };
        let day = last_day(end);
        let batch = expected.iter().position(|batch| {
            stint.batch.as_deref() == Some(batch.batch.as_str()) && (batch.from..=batch.until).contains(&day)
        });
        if let Some(batch) = batch {
            *met.entry(batch).or_default() += 1;
        }
    }
    met.into_iter().map(|(batch, people)| people.min(expected[batch].count)).sum()
}

/// The last civil day of access in the zone the end was made with.
fn last_day(end: &AccessEnd) -> chrono::NaiveDate {
    let moment_before = end.at - TimeDelta::seconds(1);
    Zone::parse(&end.zone).map_or(moment_before.date_naive(), |zone| zone.date_at(moment_before))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::roster::model::{EmploymentType, EndSource, Urgency};

    fn ended(batch: &str, at: &str) -> Stint {
        let at = at.parse().expect("an instant");
        Stint {
            number: 1,
            start: "2020-01-01T00:00:00Z".parse().expect("an instant"),
            end: Some(AccessEnd {
                at,
                earliest: at,
                latest: at,
                source: EndSource::EndDate,
                zone: Arc::from("America/Los_Angeles"),
                zone_is_default: false,
                known_at: None,
            }),
            employment_type: EmploymentType::Employee,
            status: None,
            termination_type: None,
            urgency: Urgency::Standard,
            role_tier: None,
            batch: Some(Arc::from(batch)),
            manager: None,
            department: None,
            legal_hold: false,
            source: Arc::from("hris"),
        }
    }

    #[test]
    fn a_batch_covers_its_days_and_its_number() {
        let expected = [ExpectedBatch {
            batch: "wave-1".to_owned(),
            count: 2,
            from: "2026-07-31".parse().expect("a date"),
            until: "2026-07-31".parse().expect("a date"),
        }];
        // The last day is the 31st in Los Angeles, although the end is on the 1st in UTC.
        let in_time = ended("wave-1", "2026-08-01T07:00:00Z");
        let too_late = ended("wave-1", "2026-08-02T07:00:00Z");
        let other = ended("wave-2", "2026-08-01T07:00:00Z");
        assert_eq!(announced(&expected, [&in_time].into_iter()), 1);
        assert_eq!(announced(&expected, [&too_late, &other].into_iter()), 0);
        assert_eq!(announced(&expected, [&in_time, &in_time, &in_time].into_iter()), 2);
    }
}
