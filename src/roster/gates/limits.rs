//! The limits as arithmetic on counts, so that each can be tested below, at and above.

use crate::report::GateFact;

/// Points by which the share of people that can be matched may fall (ROS-8).
pub(super) const MATCH_POINTS: f64 = 0.10;
/// Points by which the share of the main mail domains may fall (ROS-9).
pub(super) const DOMAIN_POINTS: f64 = 0.20;

/// ROS-4: below 90 % or above 150 % of the rows. `factor` 2 doubles the change that is allowed.
pub(super) fn rows(source: &str, now: u64, before: u64, whom: &str, factor: u64) -> Option<String> {
    let lowest = 100 - 10 * factor;
    let highest = 100 + 50 * factor;
    let percent = u128::from(now) * 100;
    let before_wide = u128::from(before);
    let fine = percent >= before_wide * u128::from(lowest) && percent <= before_wide * u128::from(highest);
    (!fine).then(|| format!("{source} has {now} rows, {whom} had {before} (limits: {lowest} % to {highest} %)"))
}

/// ROS-5: the larger of 10 people and 5 % of those in employment.
pub(super) fn newly_ended(active: u64, factor: u64) -> u64 {
    (active / 20).max(10) * factor
}

/// ROS-6: the larger of 5 people and 2 % of those who had left.
pub(super) fn taken_back(ended: u64, factor: u64) -> u64 {
    (ended / 50).max(5) * factor
}

/// Whether a share fell by more than the allowed points. A hair of rounding is no fall.
pub(super) fn share_falls(before: f64, now: f64, points: f64) -> bool {
    before - now > points + 1e-9
}

/// ROS-8 after attribution: the share of people with an identity somewhere, with the accepted roster and now. `None`
/// where it did not fall by more than ten points.
pub fn matched_share(before: f64, now: f64) -> Option<GateFact> {
    share_falls(before, now, MATCH_POINTS).then(|| GateFact {
        gate: "ROS-8".to_owned(),
        source: None,
        holds: true,
        says: format!(
            "{:.1} % of the people were matched to an identity, {:.1} % before (limit: 10 points)",
            now * 100.0,
            before * 100.0
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_hold_below_and_above_but_not_at_the_limits() {
        for (now, held) in [(899, true), (900, false), (1_000, false), (1_500, false), (1_501, true), (0, true)] {
            assert_eq!(rows("hris", now, 1_000, "before", 1).is_some(), held, "{now}");
        }
        for (now, held) in [(799, true), (800, false), (2_000, false), (2_001, true)] {
            assert_eq!(rows("hris", now, 1_000, "a week ago", 2).is_some(), held, "{now}");
        }
    }

    #[test]
    fn small_rosters_have_a_floor() {
        assert_eq!(
            [newly_ended(0, 1), newly_ended(219, 1), newly_ended(1_000, 1), newly_ended(1_000, 2)],
            [10, 10, 50, 100]
        );
        assert_eq!([taken_back(0, 1), taken_back(299, 1), taken_back(1_000, 1), taken_back(1_000, 2)], [5, 5, 20, 40]);
    }

    #[test]
    fn a_share_may_fall_by_exactly_the_points() {
        assert!(!share_falls(0.95, 0.85, 0.10));
        assert!(share_falls(0.95, 0.849, 0.10));
        assert!(!share_falls(0.10, 0.90, 0.10));
        assert!(matched_share(0.9, 0.8).is_none());
        assert!(matched_share(0.9, 0.79).is_some_and(|gate| gate.holds && gate.gate == "ROS-8"));
    }
}
