//! Gates against mass swings: ROS-5, ROS-6, ROS-8, ROS-9 against the accepted roster, and ROS-15 over a week.

use std::collections::BTreeMap;

use super::limits::{self, DOMAIN_POINTS, MATCH_POINTS, share_falls};
use super::{Force, Gate};
use crate::roster::figures::Figures;
use crate::roster::sources::Reading;

/// What changed between the accepted roster and the newest, both seen at the same instant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::roster) struct Swing {
    /// Left now, had not left then, and were not announced.
    pub(in crate::roster) newly_ended: u64,
    /// The same, announced.
    pub(in crate::roster) announced: u64,
    /// Had left then, and are in employment now or have vanished.
    pub(in crate::roster) taken_back: u64,
    /// Absent from a list of people in employment, so presumed to have left.
    pub(in crate::roster) presumed: u64,
    /// Per source: people known, those whose id is gone, those whose address was another.
    pub(in crate::roster) kept: BTreeMap<String, Kept>,
}

/// How many people of a source can still be found by what they were found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::roster) struct Kept {
    pub(in crate::roster) people: u64,
    pub(in crate::roster) lost_ids: u64,
    pub(in crate::roster) with_address: u64,
    pub(in crate::roster) lost_addresses: u64,
}

/// ROS-5, ROS-6, ROS-8, ROS-9, ROS-15. `now` carries the sums with this step in them.
pub(in crate::roster) fn swings(
    swing: &Swing,
    past: &Figures,
    now: &Figures,
    week_ago: Option<&Figures>,
    matched_share: Option<f64>,
    reading: &Reading,
) -> Vec<Gate> {
    let mut gates = Vec::new();
    let limit = limits::newly_ended(past.active, 1);
    if swing.newly_ended > limit {
        let announced = match swing.announced {
            0 => String::new(),
            people => format!(" beside {people} who were announced"),
        };
        let says = format!("{} people newly left{announced} (limit: {limit})", swing.newly_ended);
        gates.push(Gate::whole("ROS-5", Force::Surges, says));
    }
    let limit = limits::taken_back(past.ended, 1);
    if swing.taken_back > limit {
        let says = format!(
            "{} people who had left are in employment again or vanished (limit: {limit}); nothing is closed by it",
            swing.taken_back
        );
        gates.push(Gate::whole("ROS-6", Force::Holds, says));
    }
    let limit = limits::newly_ended(past.active, 1);
    if swing.presumed > limit {
        let says = format!(
            "{} people vanished from a list of people in employment (limit: {limit}): it may be incomplete",
            swing.presumed
        );
        gates.push(Gate::whole("ROS-6", Force::Holds, says));
    }
    gates.extend(identifiers(swing, matched_share));
    gates.extend(domains(past, now, DOMAIN_POINTS, "ROS-9", "the accepted roster"));
    if let Some(week_ago) = week_ago {
        gates.extend(over_a_week(now, now.base_of_week(week_ago), reading));
    }
    gates
}

/// ROS-8 before anything is matched: whoever lost the identifier by which they were found cannot be found again.
fn identifiers(swing: &Swing, matched_share: Option<f64>) -> Vec<Gate> {
    let before = matched_share.unwrap_or(1.0);
    let mut gates = Vec::new();
    for (source, kept) in &swing.kept {
        for (what, people, lost) in
            [("ids", kept.people, kept.lost_ids), ("addresses", kept.with_address, kept.lost_addresses)]
        {
            // In a roster of nine, one person is more than ten points.
            if people == 0 || lost <= 1 {
                continue;
            }
            let now = before * (1.0 - lost as f64 / people as f64);
            if share_falls(before, now, MATCH_POINTS) {
                let says = format!(
                    "{lost} of {people} known people no longer have their {what}: at most {:.1} % could be matched, {:.1} % before (limit: 10 points)",
                    now * 100.0,
                    before * 100.0
                );
                gates.push(Gate::of(source, "ROS-8", Force::Holds, says));
            }
        }
    }
    gates
}

fn domains(past: &Figures, now: &Figures, points: f64, number: &'static str, whom: &str) -> Option<Gate> {
    if past.addresses == 0 {
        return None;
    }
    let (before, share) = (past.share_in(past.main_domains()), now.share_in(past.main_domains()));
    share_falls(before, share, points).then(|| {
        let names = past.main_domains().map(|domain| crate::hostile::short(domain, 60)).collect::<Vec<_>>().join(", ");
        let says = format!(
            "{:.1} % of the addresses lie in {names}, {:.1} % in {whom} (limit: {:.0} points)",
            share * 100.0,
            before * 100.0,
            points * 100.0
        );
        Gate::whole(number, Force::Holds, says)
    })
}

/// ROS-15: the same limits, doubled, over the sum of a week's small steps.
fn over_a_week(now: &Figures, week_ago: &Figures, reading: &Reading) -> Vec<Gate> {
    let mut gates = Vec::new();
    for file in &reading.sources {
        let Some(known) = week_ago.sources.get(&file.id) else { continue };
        if file.table.rows == 0 {
            continue;
        }
        gates.extend(
            limits::rows(&file.id, file.table.rows, known.rows, "a week ago it", 2)
                .map(|says| Gate::of(&file.id, "ROS-15", Force::Holds, says)),
        );
    }
    let since = |now: u64, then: u64| now.saturating_sub(then);
    let ended = since(now.sums.newly_ended, week_ago.sums.newly_ended);
    let limit = limits::newly_ended(week_ago.active, 2);
    if ended > limit {
        let says = format!("{ended} people newly left within a week, step by step (limit: {limit})");
        gates.push(Gate::whole("ROS-15", Force::Surges, says));
    }
    let taken_back = since(now.sums.taken_back, week_ago.sums.taken_back);
    let limit = limits::taken_back(week_ago.ended, 2);
    if taken_back > limit {
        let says = format!("{taken_back} people who had left came back or vanished within a week (limit: {limit})");
        gates.push(Gate::whole("ROS-15", Force::Holds, says));
    }
    for (what, lost) in [
        ("ids", since(now.sums.lost_ids, week_ago.sums.lost_ids)),
        ("addresses", since(now.sums.lost_addresses, week_ago.sums.lost_addresses)),
    ] {
        let people = week_ago.people;
        if people > 0 && lost > 2 && share_falls(1.0, 1.0 - lost as f64 / people as f64, MATCH_POINTS * 2.0) {
            let says = format!("{lost} of {people} people lost their {what} within a week (limit: 20 points)");
            gates.push(Gate::whole("ROS-15", Force::Holds, says));
        }
    }
    gates.extend(domains(week_ago, now, DOMAIN_POINTS * 2.0, "ROS-15", "the roster of a week ago"));
    gates
}
