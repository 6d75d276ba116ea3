//! When runs start: pure arithmetic over the clock's answers. Nothing here waits.
//!
//! An occurrence is a time of the expression; its start is moved by the entry's own shift. Each occurrence is handled at
//! most once, and a start that was missed gives one run for all of them, or none, as the configuration says.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::TimeDelta;
use scan_contract::{Instant, SystemId};
use sha2::{Digest as _, Sha256};

use super::page_port::NextRun;
use crate::config::{CatchUp, ScheduleConfig, ServeConfig};

/// A start that comes later than this was missed: the machine slept, or the service was not running.
const GRACE: TimeDelta = TimeDelta::minutes(5);
/// A clock that goes back by no more than this repeats nothing; one that goes back further had been wrong before.
const SMALL_STEP_BACK: TimeDelta = TimeDelta::hours(1);
/// Missed occurrences that are counted one by one; a schedule of every second may have missed millions.
const MOST_COUNTED: u64 = 10_000;

/// What is known of the last run over some systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastRun {
    /// When it began.
    pub at: Instant,
    /// Whether it came to its own end. One that was interrupted leaves its start to be done again.
    pub whole: bool,
}

/// A start that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// Entry.
    pub schedule: String,
    /// Systems; empty is all.
    pub systems: Vec<SystemId>,
    /// When it should have started.
    pub planned: Instant,
    /// Whether it comes late because nobody was there at its time.
    pub missed: bool,
}

/// What came of looking at the clock.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Due {
    /// Starts, in the order of the configuration.
    pub starts: Vec<Start>,
    /// Occurrences that get no run of their own: all but one of those that were missed, or all of them.
    pub passed_over: u64,
}

#[derive(Debug, Clone)]
struct Entry {
    config: ScheduleConfig,
    shift: TimeDelta,
    /// The next occurrence, before its shift.
    next: Option<Instant>,
    /// The last occurrence that was handled in this process.
    handled: Option<Instant>,
}

/// The schedule in force.
#[derive(Debug, Clone)]
pub struct Schedule {
    entries: Vec<Entry>,
    catch_up: CatchUp,
}

/// The shift of an entry: between zero and its jitter, always the same for one installation.
pub fn shift(entry: &ScheduleConfig, seed: &str) -> Duration {
    let seconds = entry.jitter.as_secs();
    if seconds == 0 {
        return Duration::ZERO;
    }
    let mut hasher = Sha256::new();
    for part in [seed, &entry.name] {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    let digest = hasher.finalize();
    let drawn = digest[..8].iter().fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
    Duration::from_secs(drawn % (seconds + 1))
}

/// The next `count` starts of an entry, jitter included.
pub fn upcoming(entry: &ScheduleConfig, seed: &str, now: Instant, count: usize) -> Vec<Instant> {
    let shift = delta(shift(entry, seed));
    let first = entry.cron.next_after(now - shift, entry.time_zone);
    std::iter::successors(first, |at| entry.cron.next_after(*at, entry.time_zone))
        .take(count)
        .map(|at| at + shift)
        .collect()
}

fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::zero())
}

impl Entry {
    fn new(config: &ScheduleConfig, seed: &str) -> Self {
        Self { config: config.clone(), shift: delta(shift(config, seed)), next: None, handled: None }
    }

    fn after(&self, at: Instant) -> Option<Instant> {
        self.config.cron.next_after(at, self.config.time_zone)
    }

    /// The first start later than `now`.
    fn wait_from(&mut self, now: Instant) {
        let from = now - self.shift;
        self.next = self.after(self.handled.map_or(from, |handled| handled.max(from)));
    }

    /// The first start since the last run, which may have been missed.
    fn go_on_from(&mut self, last: LastRun, now: Instant) {
        if last.at > now {
            // The clock was ahead then; what it said cannot be held against the present one.
            self.wait_from(now);
            return;
        }
        let from = last.at - self.shift;
        let again = || {
            let begun = self.config.cron.last_until(from, self.config.time_zone)?;
            Some(begun - TimeDelta::seconds(1))
        };
        let from = if last.whole { from } else { again().unwrap_or(from) };
        self.next = self.after(from);
    }
}

impl Schedule {
    /// A schedule that goes on where the last run ended, as `last` tells it for some systems.
    pub fn begin(
        config: &ServeConfig,
        seed: &str,
        now: Instant,
        last: &dyn Fn(&[SystemId]) -> Option<LastRun>,
    ) -> Self {
        let entries = config.schedule.iter().map(|config| {
            let mut entry = Entry::new(config, seed);
            match last(&config.systems) {
                Some(last) => entry.go_on_from(last, now),
                None => entry.wait_from(now),
            }
            entry
        });
        Self { entries: entries.collect(), catch_up: config.catch_up }
    }

    /// The schedule of another configuration. Entries that say the same go on as they were; others wait for their next
    /// time.
    pub fn replace(&mut self, config: &ServeConfig, seed: &str, now: Instant) {
        let mut old: BTreeMap<String, Entry> =
            std::mem::take(&mut self.entries).into_iter().map(|entry| (entry.config.name.clone(), entry)).collect();
        let entries = config.schedule.iter().map(|config| match old.remove(&config.name) {
            Some(same) if same.config == *config => same,
            earlier => {
                let mut entry = Entry::new(config, seed);
                entry.handled = earlier.and_then(|earlier| earlier.handled);
                entry.wait_from(now);
                entry
            }
        });
        self.entries = entries.collect();
        self.catch_up = config.catch_up;
    }

    /// Takes every start whose time has come.
    pub fn due(&mut self, now: Instant) -> Due {
        let mut due = Due::default();
        for entry in &mut self.entries {
            let Some(first) = entry.next.filter(|next| *next + entry.shift <= now) else { continue };
            let planned = first + entry.shift;
            let mut latest = first;
            let mut further = 0;
            entry.next = entry.after(latest);
            while let Some(next) = entry.next.filter(|next| *next + entry.shift <= now) {
                latest = next;
                further += 1;
                entry.next = entry.after(latest);
                if further == MOST_COUNTED {
                    latest = entry.config.cron.last_until(now - entry.shift, entry.config.time_zone).unwrap_or(latest);
                    entry.next = entry.after(latest);
                    break;
                }
            }
            entry.handled = Some(latest);
            let missed = now - (latest + entry.shift) > GRACE || further > 0;
            due.passed_over += further;
            if missed && self.catch_up == CatchUp::Never && now - (latest + entry.shift) > GRACE {
                due.passed_over += 1;
                continue;
            }
            let (schedule, systems) = (entry.config.name.clone(), entry.config.systems.clone());
            due.starts.push(Start { schedule, systems, planned, missed: missed && now - planned > GRACE });
        }
        due
    }

    /// The clock was set back. What was handled within the last hour is not done again; where the clock had been wrong
    /// by more, its entry starts afresh.
    pub fn clock_went_back(&mut self, now: Instant) {
        for entry in &mut self.entries {
            if entry.handled.is_some_and(|handled| handled + entry.shift - now > SMALL_STEP_BACK) {
                entry.handled = None;
            }
            entry.wait_from(now);
        }
    }

    /// The earliest start.
    pub fn next(&self) -> Option<Instant> {
        self.entries.iter().filter_map(|entry| Some(entry.next? + entry.shift)).min()
    }

    /// The next start of every entry.
    pub fn next_runs(&self) -> Vec<NextRun> {
        let next = |entry: &Entry| NextRun {
            schedule: entry.config.name.clone(),
            at: entry.next.map(|next| next + entry.shift),
            systems: entry.config.systems.clone(),
        };
        self.entries.iter().map(next).collect()
    }
}

#[cfg(test)]
#[path = "schedule_tests.rs"]
mod tests;
