//! The state machine alone, over random lives: seen and not seen, ended, gaps, exceptions, rosters that change, clocks that
//! go back, restarts. What may happen is reckoned here from the life itself.

use super::*;
use crate::store::record::{read_memory, write_memory};

#[derive(Debug, Clone, Copy)]
enum Turn {
    Present {
        confirms: bool,
        suppressed: bool,
        complete: bool,
        by: i64,
    },
    Ended {
        complete: bool,
        suppressed: bool,
        by: i64,
    },
    Absent {
        by: i64,
    },
    Gap {
        suppressed: bool,
    },
    Carried,
    /// The roster says with a date that the person works here.
    Employed,
    ClockBack {
        days: i64,
    },
    Restart,
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let flag = any::<bool>;
    proptest::collection::vec(
        prop_oneof![
            3 => (flag(), flag(), flag(), -3_i64..=0)
                .prop_map(|(confirms, suppressed, complete, by)| Turn::Present { confirms, suppressed, complete, by }),
            2 => (flag(), flag(), -3_i64..=0)
                .prop_map(|(complete, suppressed, by)| Turn::Ended { complete, suppressed, by }),
            4 => (-3_i64..=0).prop_map(|by| Turn::Absent { by }),
            3 => flag().prop_map(|suppressed| Turn::Gap { suppressed }),
            1 => Just(Turn::Carried),
            1 => Just(Turn::Employed),
            1 => (1_i64..5).prop_map(|days| Turn::ClockBack { days }),
            2 => Just(Turn::Restart),
        ],
        1..40,
    )
}

/// What the life shows, kept apart from the machine.
#[derive(Default)]
struct Life {
    /// Instants of the data of absent looks since the grant was last seen.
    looks: Vec<Instant>,
    /// Latest instant of data that showed it.
    seen: Option<Instant>,
    closed: bool,
    first_seen: Option<Instant>,
    reopened: u32,
}

impl Life {
    fn check(
        &mut self,
        turn: Turn,
        before: Option<FindingState>,
        step: &Step,
        now: Instant,
    ) -> Result<(), TestCaseError> {
        let finding = &step.memory.finding;
        let state = finding.state;
        let of = |by| now + chrono::TimeDelta::days(by);
        let older = |by| self.seen.is_some_and(|seen| seen > of(by));
        let closes = match turn {
            Turn::Ended { complete, by, .. } => complete && !older(by),
            // Later than the first look; the machine need not remember any other.
            Turn::Absent { by } => !older(by) && self.looks.first().is_some_and(|look| *look < of(by)),
            Turn::Employed => true,
            Turn::Present { .. } | Turn::Gap { .. } | Turn::Carried | Turn::ClockBack { .. } | Turn::Restart => false,
        };
        prop_assert_eq!(state == FindingState::Closed, closes, "{:?} after {:?}", turn, before);
        if state == FindingState::Confirmed && before != Some(FindingState::Confirmed) {
            prop_assert!(matches!(turn, Turn::Present { confirms: true, .. }), "{:?} confirmed it", turn);
        }
        if state == FindingState::Suppressed {
            let covered = matches!(
                turn,
                Turn::Present { suppressed: true, .. }
                    | Turn::Ended { suppressed: true, .. }
                    | Turn::Gap { suppressed: true }
            );
            prop_assert!(covered || matches!(turn, Turn::Carried), "{:?} suppressed it", turn);
        }
        if matches!(turn, Turn::Carried) {
            prop_assert_eq!(Some(state), before);
        }
        if let Turn::Present { .. } = turn {
            prop_assert!(state.is_open() || state == FindingState::Suppressed);
            self.reopened += u32::from(self.closed);
        }
        let is_older = matches!(turn, Turn::Ended { by, .. } | Turn::Absent { by } if older(by));
        if let Turn::Present { by, .. } | Turn::Ended { complete: false, by, .. } = turn
            && !is_older
        {
            // It was read, so that a look before it proves nothing any more.
            self.looks.clear();
            self.seen = self.seen.max(Some(of(by)));
        }
        prop_assert_eq!(step.memory.reopened, self.reopened);
        prop_assert_eq!(finding.first_seen_at, *self.first_seen.get_or_insert(now), "the first day is kept");
        if let Turn::Absent { by } = turn
            && !is_older
        {
            self.looks.push(of(by));
        }
        self.closed = state == FindingState::Closed;
        if self.closed {
            self.looks.clear();
        }
        Ok(())
    }
}

/// Through the form it is stored in.
fn restarted(memory: &Memory) -> Memory {
    let mut bytes = Vec::new();
    write_memory(memory, &mut bytes).expect("it can be written");
    read_memory(memory.finding.fingerprint, &bytes).expect("and read")
}

proptest! {
    #[test]
    fn whatever_a_life_brings_it_closes_with_proof_alone_and_opens_again_as_the_same_finding(life in turns()) {
        let mut memory: Option<Memory> = None;
        let mut told = Life::default();
        let mut back = 0;
        for (index, turn) in life.into_iter().enumerate() {
            let today = i64::try_from(index).expect("a short life");
            if let Turn::ClockBack { days } = turn {
                // For one run. What is read then is read as of that day.
                back = days;
                continue;
            }
            let number = today - std::mem::take(&mut back);
            let now = day(number);
            let sight = match turn {
                Turn::Present { confirms, suppressed, complete, by } => {
                    of_day(Sight::Present(seen(confirms, suppressed, complete)), number + by)
                }
                Turn::Ended { complete, suppressed, by } => {
                    of_day(Sight::Ended(seen(true, suppressed, complete)), number + by)
                }
                Turn::Absent { by } => Sight::Absent { as_of: now + chrono::TimeDelta::days(by), suppressed: false },
                Turn::Gap { suppressed } => Sight::NotRead { suppressed },
                Turn::Carried => Sight::Carried,
                Turn::Employed => Sight::Employed,
                Turn::Restart | Turn::ClockBack { .. } => {
                    let kept = memory.as_ref().map(restarted);
                    prop_assert_eq!(&kept, &memory, "a restart changes nothing");
                    memory = kept;
                    continue;
                }
            };
            let before = memory.as_ref().map(|memory| memory.finding.state);
            // The engine asks only about findings that are not closed, and raises what it sees.
            if before.is_none_or(|state| state == FindingState::Closed) && !matches!(turn, Turn::Present { .. }) {
                continue;
            }
            if let Some(step) = advance(memory.clone(), sight, &context(number)) {
                told.check(turn, before, &step, now)?;
                memory = Some(step.memory);
            }
        }
    }
}
