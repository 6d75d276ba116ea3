//! Holds one reading against another.

use super::read::{Reading, ScopeReading, is_spoilt};

/// Everything in which two readings differ; cursors and times of reading aside.
pub fn differences(first: &Reading, second: &Reading) -> Vec<String> {
    let mut all = Vec::new();
    for (name, one) in &first.scopes {
        match second.scopes.get(name) {
            None => all.push(format!("scope {name} is missing in the second reading")),
            Some(other) => scope_differences(name, (first, one), (second, other), &mut all),
        }
    }
    for name in second.scopes.keys().filter(|name| !first.scopes.contains_key(*name)) {
        all.push(format!("scope {name} is missing in the first reading"));
    }
    if first.offered != second.offered {
        all.push(format!("follow-ups offered differ: {} and {}", first.offered.len(), second.offered.len()));
    }
    all
}

type Side<'a> = (&'a Reading, &'a ScopeReading);

fn scope_differences(name: &str, (first, one): Side<'_>, (second, other): Side<'_>, all: &mut Vec<String>) {
    if one.state() != other.state() {
        let gaps = [one.shown_gaps(), other.shown_gaps()].join(" / ");
        all.push(format!("{name} is {:?}, then {:?}: {gaps}", one.state(), other.state()));
    }
    for (key, access) in &one.records {
        match other.records.get(key) {
            None => all.push(format!("{name}: {} {} is missing in the second reading", key.0, key.1)),
            Some(same) if same == access => {}
            Some(changed) => {
                if let Some(facts) = first_difference(&first.shown(access), &second.shown(changed)) {
                    all.push(format!("{name}: {} {} has other facts in the second reading: {facts}", key.0, key.1));
                }
            }
        }
    }
    for key in other.records.keys().filter(|key| !one.records.contains_key(key)) {
        all.push(format!("{name}: {} {} is missing in the first reading", key.0, key.1));
    }
}

/// The first line in which two texts differ, from both.
fn first_difference(one: &str, other: &str) -> Option<String> {
    let mut lines = one.lines().zip(other.lines());
    let (a, b) = lines.find(|(a, b)| a != b).or_else(|| (one != other).then_some(("less", "more")))?;
    Some(format!("{} and {}", a.trim(), b.trim()))
}

/// What `reading` lost against a whole reading of the same world without saying so. This is the failure that comes
/// first among those refused: a scope called complete that does not hold everything, or that is gone altogether.
pub fn silent_losses(whole: &Reading, reading: &Reading) -> Vec<String> {
    let mut all = Vec::new();
    let says_something = !reading.is_as_far_as(whole);
    for (name, expected) in &whole.scopes {
        let Some(found) = reading.scopes.get(name) else {
            // A container or follow-up that was never found: something must say that its list was not whole.
            if !says_something {
                all.push(format!("scope {name} is gone, and everything that is left is called complete"));
            }
            continue;
        };
        if !found.is_complete() {
            continue;
        }
        for key in expected.records.keys().filter(|key| !found.records.contains_key(key)) {
            all.push(format!("{name} is called complete, and {} {} is not in it", key.0, key.1));
        }
        for key in found.records.keys().filter(|key| !expected.records.contains_key(key)) {
            all.push(format!("{name}: {} {} is not in the world", key.0, key.1));
        }
    }
    let mut lists = reading.scopes.iter().filter(|(_, scope)| !scope.follow_up);
    let whole_lists = lists.all(|(name, scope)| !is_spoilt(whole, name, scope));
    if whole_lists && reading.undeclared.is_none() && !reading.scopes.is_empty() {
        let lost = whole.offered.difference(&reading.offered).take(3).cloned().collect::<Vec<_>>();
        if !lost.is_empty() {
            all.push(format!("all lists are called complete, and these follow-ups are not offered: {lost:?}"));
        }
    }
    all
}
