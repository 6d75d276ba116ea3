//! How long an exception may last, and how many people have to approve it: by type and tier.

use std::time::Duration;

use crate::roster::RoleTier;

use super::ExceptionType;

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

/// The longest length of any entry (FND-7).
pub const LONGEST: Duration = Duration::from_secs(90 * DAY);

/// Longest length of one entry; `None` where the type is not allowed in the tier.
///
/// A `false_positive` lets nobody keep anything, so only the overall limit applies to it.
pub fn longest(kind: ExceptionType, tier: RoleTier) -> Option<Duration> {
    use ExceptionType::{AcceptedRisk, BreakGlass, FalsePositive, LegalHold, Transition};
    use RoleTier::{Tier0, Tier1, Tier2, Tier3};
    let [tier0, tier1, tier2, tier3] = match kind {
        Transition => [24 * HOUR, 7 * DAY, 14 * DAY, 30 * DAY],
        // Zero is not allowed.
        AcceptedRisk => [0, 14 * DAY, 30 * DAY, 90 * DAY],
        LegalHold => [30 * DAY, 90 * DAY, 90 * DAY, 90 * DAY],
        BreakGlass => [4 * HOUR, 8 * HOUR, 24 * HOUR, 24 * HOUR],
        FalsePositive => return Some(LONGEST),
    };
    let seconds = match tier {
        Tier0 => tier0,
        Tier1 => tier1,
        Tier2 => tier2,
        Tier3 => tier3,
    };
    (seconds > 0).then(|| Duration::from_secs(seconds))
}

/// The longest length of any exception that lets somebody keep access in a tier. Allowances of the policy, which need
/// no approval, are bounded by it.
pub fn longest_of_all(tier: RoleTier) -> Duration {
    ExceptionType::ALL
        .iter()
        .filter(|kind| **kind != ExceptionType::FalsePositive)
        .filter_map(|kind| longest(*kind, tier))
        .max()
        .unwrap_or(Duration::ZERO)
}

/// How many people have to approve, whatever the grant gives.
pub fn approvers(tier: RoleTier) -> usize {
    if tier == RoleTier::Tier0 { 2 } else { 1 }
}

/// How many people have to approve before a grant with administrators' rights is covered.
pub fn approvers_for_admin(tier: RoleTier) -> usize {
    if tier <= RoleTier::Tier1 { 2 } else { 1 }
}

/// The stricter of two tiers: `tier0` before `tier3`.
pub fn stricter(system: RoleTier, person: Option<RoleTier>) -> RoleTier {
    person.map_or(system, |person| person.min(system))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_lengths_is_the_documented_one() {
        let hours = |kind, tier| longest(kind, tier).map(|length| length.as_secs() / HOUR);
        let row = |kind| RoleTier::ALL.iter().map(|tier| hours(kind, *tier)).collect::<Vec<_>>();
        assert_eq!(row(ExceptionType::Transition), [Some(24), Some(168), Some(336), Some(720)]);
        assert_eq!(row(ExceptionType::AcceptedRisk), [None, Some(336), Some(720), Some(2160)]);
        assert_eq!(row(ExceptionType::LegalHold), [Some(720), Some(2160), Some(2160), Some(2160)]);
        assert_eq!(row(ExceptionType::BreakGlass), [Some(4), Some(8), Some(24), Some(24)]);
        assert_eq!(row(ExceptionType::FalsePositive), [Some(2160); 4]);
        assert!(ExceptionType::ALL.iter().all(|kind| {
            RoleTier::ALL.iter().all(|tier| longest(*kind, *tier).is_none_or(|length| length <= LONGEST))
        }));
    }

    #[test]
    fn the_bound_of_allowances_is_the_longest_of_a_tier() {
        let days: Vec<u64> = RoleTier::ALL.iter().map(|tier| longest_of_all(*tier).as_secs() / DAY).collect();
        assert_eq!(days, [30, 90, 90, 90]);
    }

    #[test]
    fn the_stricter_tier_is_the_one_with_more_power() {
        assert_eq!(stricter(RoleTier::Tier2, Some(RoleTier::Tier0)), RoleTier::Tier0);
        assert_eq!(stricter(RoleTier::Tier1, Some(RoleTier::Tier3)), RoleTier::Tier1);
        assert_eq!(stricter(RoleTier::Tier2, None), RoleTier::Tier2);
    }
}
