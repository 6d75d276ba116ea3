//! Rows S1 to S8 and T9: kills, disks that fail, second runs, damaged stores, limits, clocks, a connector that panics or
//! hangs, and paths that are no safe place.
//!
//! The program is the real one. What goes wrong is done to it from outside: by a library that is loaded before the C
//! library (`tests/kit/shim/fail.c`), by signals, by limits of the process, and by files that were changed.
//!
//! | file | rows |
//! |---|---|
//! | `shim` | the library, and what it saw |
//! | `office` | a company with a tracker that lives on through kills, and what must be true of it after each |
//! | `kill` | S1, S2: killed at random, at counted and at named points |
//! | `disk` | S3: the n-th write, sync, rename, opening fails; a small disk |
//! | `lock` | S4: many at once |
//! | `damage` | S5, every command |
//! | `limit` | S6: few descriptors, little memory |
//! | `time` | S7: clocks that jump |
//! | `connector` | S8 |
//! | `place` | T9 |
//!
//! `HOLDOVER_CRASH_ROUNDS=500` is the long form: every call instead of some, and so many rounds. `HOLDOVER_CRASH_SEED` plays
//! one history of rounds again.

mod connector;
mod damage;
mod disk;
mod kill;
mod limit;
mod lock;
mod office;
mod place;
mod shim;
mod time;

/// Whether everything is tried instead of some.
fn is_long() -> bool {
    std::env::var("HOLDOVER_CRASH_ROUNDS").is_ok()
}

/// Those of 1 to `last` that are tried: all in the long form, else about `some`, the first and the last among them.
fn tried(last: usize, some: usize) -> Vec<usize> {
    if is_long() || last <= some {
        return (1..=last).collect();
    }
    let mut chosen: Vec<usize> = (0..some).map(|step| 1 + step * (last - 1) / (some - 1)).collect();
    chosen.dedup();
    chosen
}

/// A test that needs what is not here says so; it fails where all is expected to be there.
fn cannot_run(test: &str, needs: &str) {
    let required = std::env::var("HOLDOVER_SERVERS").is_ok_and(|word| word == "required");
    assert!(!required, "{test} was not run: {needs}");
    println!("NOT RUN {test}: {needs}");
}
